"""Labels: free ``key=value`` notes on clusters."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from phygui.curation.edits.update import EditError, Update, in_words

NOTE = "note"
"""The label that holds what the user has written of a cluster, in any number of lines."""
COLOR = "color"
"""The label that holds the colour of a cluster, as ``#rrggbb``."""
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


def color_in(labels: Mapping[str, str]) -> str:
    """The colour that labels give a cluster, as ``#rrggbb``; empty if they give none."""
    color = labels.get(COLOR, "").strip()
    return color if _COLOR.fullmatch(color) else ""


class Labels:
    """The labels of every cluster.

    Parameters
    ----------
    labels : mapping of int to mapping of str to str
        Labels of each cluster that has any.
    measured : collection of str
        Those that no cluster takes over from one that it is made of.
    """

    def __init__(
        self,
        labels: Mapping[int, Mapping[str, str]] | None = None,
        measured: Collection[str] = (),
    ) -> None:
        self.measured = frozenset(measured)
        self._labels = {int(c): dict(of) for c, of in (labels or {}).items() if of}

    def __getitem__(self, cluster_id: int) -> Mapping[str, str]:
        return self._labels.get(cluster_id, {})

    def items(self) -> Iterable[tuple[int, Mapping[str, str]]]:
        """Clusters that have labels, with them."""
        return self._labels.items()

    def label(self, cluster_ids: Iterable[int], key: str, value: str | None) -> Update:
        """The change that sets one label of some clusters, or removes it (value None).

        It is empty if all is so already.

        Raises
        ------
        EditError
            If no cluster is named, or the key is empty.
        """
        ids = list(dict.fromkeys(int(c) for c in cluster_ids))
        key = key.strip()
        if not ids:
            raise EditError("no cluster is selected")
        if not key or "=" in key:
            raise EditError(f"a label is written key=value, not {key!r}")
        changed = [c for c in ids if self[c].get(key) != value]
        if not changed:
            return Update("label", f"{in_words(ids)}: the label {key} is unchanged")
        after = {}
        for cluster_id in changed:
            after[cluster_id] = {k: v for k, v in self[cluster_id].items() if k != key}
            if value is not None:
                after[cluster_id][key] = value
        first, more, _ = (value or "").partition("\n")
        word = f"labelled {in_words(changed)} {key}={first}{' ...' * len(more)}"
        if value is None:
            word = f"removed the label {key} of {in_words(changed)}"
        before = {c: dict(self[c]) for c in changed}
        return Update("label", word, labels_before=before, labels_after=after)

    def of_part(self, cluster_id: int) -> dict[str, str]:
        """The labels of a cluster that is made of spikes of another one."""
        return {key: text for key, text in self[cluster_id].items() if key not in self.measured}

    def of_merged(self, cluster_ids: Iterable[int]) -> dict[str, str]:
        """The labels of a cluster that is made of others: those of the first, and all notes."""
        each = [self.of_part(c) for c in cluster_ids]
        found = each[0]
        notes = dict.fromkeys(of[NOTE] for of in each if of.get(NOTE))
        if notes:
            found[NOTE] = "\n".join(notes)
        return found

    def apply(self, update: Update) -> None:
        """Make a change."""
        for cluster_id, labels in update.labels_after.items():
            if labels:
                self._labels[cluster_id] = dict(labels)
            else:
                self._labels.pop(cluster_id, None)
