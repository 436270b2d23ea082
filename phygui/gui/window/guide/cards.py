"""What the cards of the first steps say, and what each waits for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Prepare = Literal["", "first", "pair", "mixed"]
"""What is selected for the user before a card: nothing, the first best cluster, the two most
similar clusters, or one with refractory violations."""


@dataclass(frozen=True)
class Task:
    """One thing to do."""

    text: str
    """What to press, with ``{action}`` for the key of an action."""
    actions: tuple[str, ...]
    """Names of the actions, any of which is it; ``edit:`` and a kind of edit for what was edited,
    in whatever way."""


@dataclass(frozen=True)
class Card:
    """One card."""

    title: str
    text: str
    tasks: tuple[Task, ...]
    prepare: Prepare = ""
    is_left: bool = False
    """Whether it stands at the left, since what it speaks of is at the right."""


CARDS = (
    Card(
        "Walk",
        "Each row of the upper table is a cluster: spikes that the sorter took for one neuron. "
        "Those of the highest quality stand first. The lower table lists which clusters are "
        "similar to the selected one.",
        (
            Task(
                "{next_best} selects the next cluster, and the one that is most similar to it",
                ("next_best",),
            ),
            Task("{next_match} takes the next similar one instead", ("next_match",)),
        ),
        "first",
    ),
    Card(
        "Look",
        "The views show the selected clusters, each in its colour: their waveforms, features, and "
        "when they fire. A neuron does not fire twice within some milliseconds: a cluster whose "
        "correlogram is empty in the band about 0 is one neuron.",
        (
            Task(
                "{mean} turns between single waveforms and their mean with its deviation", ("mean",)
            ),
            Task("{maximise} gives the view under the mouse the whole window", ("maximise",)),
            Task("{maximise} once more brings the others back", ("maximise",)),
            Task(
                "{move_best_to_good} decides that the cluster of the upper table is good, and goes "
                "on to the next ({move_best_to_mua}: several neurons, {move_best_to_noise}: noise)",
                ("move_best_to_good", "move_best_to_mua", "move_best_to_noise"),
            ),
        ),
        is_left=True,
    ),
    Card(
        "Merge",
        "The two most similar clusters are selected. Waveforms of one shape, and a gap about 0 in "
        "their cross-correlogram too: they are one neuron.",
        (Task("{merge} makes one cluster of both", ("edit:merge",)),),
        "pair",
        is_left=True,
    ),
    Card(
        "Split",
        "A cluster with refractory violations is selected: perhaps two neurons. "
        "Surround one of its clouds in a plot of the features: Ctrl+drag draws a rectangle, or "
        "each Ctrl+click sets a corner, and Ctrl+right-click closes it. (Or {propose_split} "
        "proposes parts, and {accept_parts} accepts them.)",
        (Task("{split} makes a cluster of the spikes inside", ("edit:split",)),),
        "mixed",
        is_left=True,
    ),
    Card(
        "Undo",
        "Any number of edits can be taken back, as long as the dataset is open. The tab History "
        "lists them.",
        (
            Task("{undo} takes the last edit back", ("undo",)),
            Task("{redo} makes it again", ("redo",)),
        ),
    ),
    Card(
        "Save",
        "Every edit is on the disk already, and comes back after a crash. A save writes them into "
        "the dataset; what was there before is kept beside it.",
        (Task("{save} saves", ("save",)),),
    ),
)
END = (
    "That is all it takes: walk, look, decide. The tabs Merges, Splits and Candidates hold what "
    "the program would do. {shortcuts} lists all keys, {palette} finds what can be done by its "
    "name, {manual} opens the manual. {open} opens your own data in a window of its own, if that "
    "is not open already, and {close} closes this demo."
)
