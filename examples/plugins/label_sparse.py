"""An action: label the undecided clusters that fire too rarely for the analysis that follows."""

from phygui.gui.actions.spec import ActionSpec

PHYGUI_API = 1
__version__ = "1.0"
LOWEST_HZ = 0.2


def sparse(w):
    """Clusters that are not decided, not labelled yet, and fire less than the limit."""
    shown = w.session.shown
    found = []
    for cluster_id in shown.cluster_groups:
        rate = shown.metrics.get(cluster_id, {}).get("firing_rate")
        is_open = shown.group_of(cluster_id) == "unsorted"
        is_sparse = rate is not None and rate.is_defined and rate.value < LOWEST_HZ
        if is_open and is_sparse and "rate" not in shown.labels_of(cluster_id):
            found.append(cluster_id)
    return found


def label(w):
    """One edit, which one undo takes back."""
    w.session.label(sparse(w), "rate", "sparse")


PLUGIN = ActionSpec(
    name="label_sparse",
    title="Label sparse clusters",
    menu="Tools|lab",
    run=label,
    keys=("Ctrl+Alt+R",),
    tip=f"rate=sparse for undecided clusters below {LOWEST_HZ} Hz",
    hindrance=lambda w: w.session.locked_reason or ("" if sparse(w) else "no cluster is sparse"),
)
