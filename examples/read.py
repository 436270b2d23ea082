"""Read a dataset in a notebook or a script: spikes, features, waveforms, traces.

python examples/read.py [FILE.kwik]
"""

from __future__ import annotations

import sys
import tempfile

import numpy as np

from phygui import KwikModel
from phygui.simulate import make_demo


def main(path: str) -> None:
    with KwikModel(path) as model:
        print(model.describe())
        cluster_id = int(model.cluster_ids[0])
        spike_ids = np.flatnonzero(model.spike_clusters == cluster_id)[:50]
        if model.features is not None:
            print("mean first feature:", float(model.features[spike_ids, 0].mean()))
        if model.waveforms is not None:
            mean = model.waveforms[spike_ids].mean(axis=0) * model.channel_gains
            channel = int(np.ptp(mean, axis=0).argmax())
            print(
                f"cluster {cluster_id}: {np.ptp(mean, axis=0).max():.0f} {model.voltage_unit} on "
                f"channel {model.channel_order[channel]}"
            )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(str(make_demo(folder, n_spikes=5_000, n_clusters=10, duration=30.0).kwik_path))
