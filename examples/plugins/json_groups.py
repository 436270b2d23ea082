"""An export: groups and labels of the clusters as JSON, which every language reads."""

import json

from phygui.exports import ExportOption, ExportSpec

PHYGUI_API = 1
__version__ = "1.0"


def write(curation, path, options, work):
    """Write one object a shank; `work.step` says how far it is, and ends what is cancelled."""
    shanks = {}
    for number, shank in enumerate(curation.shanks):
        work.step(number / len(curation.shanks), f"shank {shank.channel_group}")
        shanks[str(shank.channel_group)] = {
            str(cluster_id): {
                "group": shank.group(cluster_id),
                "labels": shank.labels_of(cluster_id),
                **({"n_spikes": len(shank.spikes(cluster_id))} if options["counts"] else {}),
            }
            for cluster_id in shank.cluster_ids.tolist()
        }
    about = {"source": str(curation.path), "shanks": shanks}
    path.write_text(json.dumps(about, indent=1), encoding="utf-8")


PLUGIN = ExportSpec(
    name="json_groups",
    title="Groups as JSON",
    suffix=".json",
    help="The group and the labels of each cluster, for scripts in other languages.",
    write=write,
    options=(ExportOption("counts", "Spike counts", "The number of spikes too."),),
    needs_metrics=False,
)
