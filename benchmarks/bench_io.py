"""Speed and memory of reading Kwik files, as ratios to h5py, numpy and scipy in one run.

    python benchmarks/bench_io.py            # sizes of the table in the documentation
    python benchmarks/bench_io.py --quick    # a tenth of the spikes

The datasets (about 3 GB, a tenth of it with --quick) are simulated once and kept in the user's
cache folder, or in --folder. Files are read once before they are timed: what is compared is the
work, not the disk. The exit status is 1 if a bar is not met.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from platformdirs import user_cache_path
from scipy.signal import butter, sosfiltfilt

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from phygui import KwikModel
from phygui.simulate import make_demo

ROOT = Path(__file__).resolve().parent.parent
KLUSTA_MARGIN = 9  # samples on either side of a snippet, as klusta and phy filter it
FORMAT = "{:50s} {:>12s} {:>22s} {:>12s} {:>14s} {:>4s}"


@dataclass
class Row:
    """One line of the table: a figure, and the bar it is held against."""

    work: str
    measured: str
    reference: str
    figure: float
    bar: float
    at_most: bool = True
    unit: str = "x"

    @property
    def met(self) -> bool:
        return self.figure <= self.bar if self.at_most else self.figure >= self.bar

    def __str__(self) -> str:
        sign = "<=" if self.at_most else ">="
        figure, bar = f"{self.figure:.3g}{self.unit}", f"{sign} {self.bar:g}{self.unit}"
        met = "yes" if self.met else "NO"
        return FORMAT.format(self.work, self.measured, self.reference, figure, bar, met)


def interleaved(functions: list[Callable[[], Any]], repeats: int) -> list[float]:
    """Median duration of each in seconds; they take turns, so that noise strikes all alike."""
    for function in functions:
        function()
    durations: list[list[float]] = [[] for _ in functions]
    for _ in range(repeats):
        for function, found in zip(functions, durations, strict=True):
            start = time.perf_counter()
            function()
            found.append(time.perf_counter() - start)
    return [statistics.median(found) for found in durations]


def ms(seconds: float) -> str:
    return f"{1e3 * seconds:.2f} ms" if seconds < 0.1 else f"{1e3 * seconds:.0f} ms"


def dataset(folder: Path, name: str, **options: Any) -> Path:
    """The ``.kwik`` of a demo, made unless a whole one is there."""
    path, whole = folder / f"{name}.kwik", folder / f"{name}.options"
    text = repr(sorted(options.items()))
    if not whole.is_file() or whole.read_text() != text:
        print(f"simulating {name} ...", file=sys.stderr)
        make_demo(folder, name=name, overwrite=True, **options)
        whole.write_text(text)
    return path


def read_all(*paths: Path) -> None:
    """Bring files into the page cache."""
    for path in paths:
        with open(path, "rb") as file:
            while file.read(1 << 24):
                pass


def read_with_h5py(path: Path) -> None:
    """What no reader can do without: the three spike arrays and the clusters' groups."""
    with h5py.File(path, "r") as file:
        group = file["channel_groups/0"]
        for name in ("time_samples", "recording", "clusters/main"):
            group["spikes"][name][:]
        for cluster in group["clusters/main"].values():
            cluster.attrs["cluster_group"]


def bench_open(folder: Path, n_small: int, n_large: int, repeats: int) -> list[Row]:
    small = dataset(folder, "open", n_spikes=n_small, n_clusters=200, raw=None)
    large = dataset(
        folder, "open_large", n_spikes=n_large, n_clusters=200, raw=None, features=False
    )
    read_all(small, large)

    def ours(path: Path) -> None:
        KwikModel(path).close()

    opened, reference, opened_large = interleaved(
        [lambda: ours(small), lambda: read_with_h5py(small), lambda: ours(large)], repeats
    )
    return [
        Row(
            f"open {n_small:,} spikes, 200 clusters",
            ms(opened),
            f"{ms(reference)} h5py",
            opened / reference,
            3,
        ),
        Row(
            f"open {n_large:,} spikes",
            ms(opened_large),
            f"{ms(opened)} for {n_small:,}",
            opened_large / opened,
            12,
        ),
        memory_row(large, n_large, "VmRSS", "memory once it is open"),
        memory_row(large, n_large, "VmHWM", "peak of memory while it opens"),
    ]


def memory_row(path: Path, n_spikes: int, field: str, work: str) -> Row:
    """Growth of the memory of a process that opens a dataset."""
    code = f"""
import sys
from pathlib import Path
from phygui import KwikModel
def memory(field):
    return int(Path("/proc/self/status").read_text().split(f"{{field}}:")[1].split()[0]) * 1024
KwikModel(sys.argv[2]).close()  # a small one first, so that all code is loaded
Path("/proc/self/clear_refs").write_text("5")
before = memory("VmRSS")
model = KwikModel(sys.argv[1])
print(memory("{field}") - before)
"""
    tiny = dataset(path.parent, "tiny", n_spikes=1000, n_clusters=10, raw=None)
    found = int(run(code, str(path), str(tiny)))
    return Row(work, f"{found / 2**20:.0f} MB", "", found / n_spikes, 30, unit=" B/spike")


def run(code: str, *arguments: str) -> str:
    """What a process of its own prints, its modules compiled beforehand as after installing."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def bench_features(folder: Path, n_spikes: int, n_chosen: int, repeats: int) -> list[Row]:
    rng = np.random.default_rng(0)
    spike_ids = np.sort(rng.choice(n_spikes, n_chosen, replace=False))
    columns = slice(4 * 3, 8 * 3)  # four channels
    contiguous = dataset(folder, "open", n_spikes=n_spikes, n_clusters=200, raw=None)
    chunked = dataset(
        folder, "chunked", n_spikes=n_spikes, n_clusters=200, raw=None, generation="spikedetekt2"
    )
    rows = []
    with h5py.File(contiguous.with_suffix(".kwx"), "r") as file:
        array = file["channel_groups/0/features_masks"]
        offset, shape = array.id.get_offset(), array.shape
    mapped = np.memmap(contiguous.with_suffix(".kwx"), np.float32, "r", offset, shape)

    def with_numpy() -> np.ndarray:
        return mapped[spike_ids, columns, 0]

    for kind, path, bar in (("contiguous", contiguous, 5), ("chunked", chunked, 10)):
        read_all(path.with_suffix(".kwx"))
        model = KwikModel(path)
        features = model.features
        assert features is not None

        def ours(features=features) -> np.ndarray:
            return features[spike_ids, columns]

        with h5py.File(path.with_suffix(".kwx"), "r") as file:
            array = file["channel_groups/0/features_masks"]

            def with_h5py(array=array) -> np.ndarray:
                return array[spike_ids, columns, 0]

            assert np.array_equal(ours(), with_h5py())
            own, numpy_time = interleaved([ours, with_numpy], max(repeats, 15))
            (h5py_time,) = interleaved([with_h5py], 1)
        model.close()
        work = f"features of {n_chosen:,} spikes, 4 channels, {kind}"
        # What it costs that a file which fails or is cut does not end the process.
        rows.append(Row(work, ms(own), f"{ms(numpy_time)} memory map", own / numpy_time, 6))
        rows.append(Row(work, ms(own), f"{ms(h5py_time)} h5py", h5py_time / own, bar, False))
    return rows


def bench_waveforms(folder: Path, repeats: int) -> list[Row]:
    path = dataset(folder, "traces", n_spikes=5000, duration=30.0)
    read_all(path.with_suffix(".dat"))
    with KwikModel(path) as model:
        assert model.waveforms is not None
        assert model.traces is not None
        spike_ids = np.linspace(0, model.n_spikes - 1, 100).astype(np.int64)
        samples = model.spike_samples[spike_ids].astype(np.int64)
        raw = np.memmap(path.with_suffix(".dat"), np.int16, "r").reshape(-1, 32)
        sections = butter(3, (500.0, 9500.0), "bandpass", fs=20_000.0, output="sos")

        def spike_by_spike() -> np.ndarray:
            m = KLUSTA_MARGIN
            snippets = [
                sosfiltfilt(sections, raw[max(0, s - 16 - m) : s + 16 + m].astype(float), axis=0)
                for s in samples
            ]
            return np.array([snippet[-m - 32 : -m] for snippet in snippets])

        own, reference = interleaved(
            [lambda: model.waveforms[spike_ids], spike_by_spike], max(repeats, 15)
        )
        whole = sosfiltfilt(sections, raw.astype(np.float64), axis=0)
        true = whole[samples[:, None] + np.arange(-16, 16)]
        peak = np.abs(true).max(axis=(1, 2), keepdims=True)
        error = 100 * float((np.abs(model.waveforms[spike_ids] - true) / peak).max())
        theirs = 100 * float((np.abs(spike_by_spike() - true) / peak).max())
    work = "100 waveforms x 32 channels, filtered"
    return [
        Row(work, ms(own), f"{ms(reference)} one by one", reference / own, 10, False),
        Row("  largest error, of the peak", "", f"{theirs:.1f}% one by one", error, 0.1, unit="%"),
    ]


def bench_traces(folder: Path, repeats: int) -> list[Row]:
    return [
        traces_row(folder, "dat", "klusta", max(repeats, 31)),
        traces_row(folder, "kwd", "spikedetekt2", max(repeats, 31)),
    ]


def traces_row(folder: Path, raw: str, generation: str, repeats: int) -> Row:
    """A window of traces against the same samples of a flat file."""
    options: dict[str, Any] = {
        "n_spikes": 500,
        "n_channels": 384,
        "duration": 10.0,
        "sample_rate": 30_000.0,
        "features": False,
    }
    kwik = dataset(folder, "wide_dat", raw="dat", generation="klusta", **options)
    flat = kwik.with_suffix(".dat")
    path = dataset(folder, f"wide_{raw}", raw=raw, generation=generation, **options)
    read_all(flat, *folder.glob(f"wide_{raw}.raw.kwd"))
    mapped = np.memmap(flat, np.int16, "r").reshape(-1, 384)
    start, stop = 100_000, 107_500
    with KwikModel(path) as model:
        traces = model.traces
        assert traces is not None
        assert np.array_equal(traces[start:stop], mapped[start:stop])
        own, reference = interleaved(
            [lambda: traces[start:stop], lambda: np.array(mapped[start:stop])], repeats
        )
    work = f"0.25 s of 384 channels from a .{raw}"
    return Row(work, ms(own), f"{ms(reference)} memory map", own / reference, 2)


def bench_import(repeats: int) -> list[Row]:
    def seconds(code: str) -> float:
        timed = f"import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
        return float(run(timed))

    ours, theirs = "import phygui; phygui.KwikModel", "import h5py, numpy"
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(max(repeats, 11) + 1)][1:]
    own, reference = (statistics.median(times) for times in zip(*pairs, strict=True))
    unwanted = ("PyQt5", "qtpy", "vispy", "numba")
    loaded = run(f"{ours}; import sys; print(sum(m in sys.modules for m in {unwanted}))")
    return [
        Row(
            "import phygui; phygui.KwikModel",
            ms(own),
            f"{ms(reference)} h5py, numpy",
            own / reference,
            1.5,
        ),
        Row("  of Qt, vispy and numba, imported", "", "", float(loaded), 0, unit=""),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the spikes")
    parser.add_argument("--folder", type=Path, help="where the datasets are kept")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    n = 100_000 if arguments.quick else 1_000_000
    folder = arguments.folder or user_cache_path("phygui") / "benchmarks"
    folder = folder / ("quick" if arguments.quick else "full")
    rows = [
        *bench_import(arguments.repeats),
        *bench_open(folder, n, 10 * n, arguments.repeats),
        *bench_features(folder, n, 20_000, arguments.repeats),
        *bench_waveforms(folder, arguments.repeats),
        *bench_traces(folder, arguments.repeats),
    ]
    print(FORMAT.format("work", "phygui", "reference", "figure", "bar", "met"))
    for row in rows:
        print(row)
    missed = sum(not row.met for row in rows)
    print(f"{len(rows) - missed} of {len(rows)} bars met")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
