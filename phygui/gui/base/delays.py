"""How long the window lets things wait, in one place: tests set to 0 what they would sit out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Delays:
    """What the window waits for before it does something, read anew each time."""

    first_paint_ms: int = 300
    """A window that has just opened waits for the first pictures to be painted with them."""
    first_choice_ms: int = 400
    """The first selection waits for statistics at most."""
    burst_ms: int = 80
    """A request that comes sooner than this after the one before waits until they stop coming: who
    holds a key down wants the last cluster, not all those on the way."""
    paint_together_ms: int = 160
    """Tables and plots wait for the last of the plots, as long as ten clusters take without a
    graphics card: to put the window together twice would keep the last of them waiting longer."""
    yield_ms: int = 25
    """Work in the background waits at a time as long as views are loading."""
    yield_at_most_ms: int = 1_000
    """How long it lets views that load without end come first, until one piece takes its turn."""
    show_progress_ms: int = 300
    """Work that is over sooner shows no progress."""
    keep_ms: int = 3_000
    """Nothing may be left to compute for this long before it is kept beside the dataset."""
    trim_ms: int = 800
    """Nothing must have happened for this long before free memory is given back."""
    follow_s: float = 5.0
    """The first selection follows what becomes known for this long, if the user does nothing."""
    go_on_ms: int = 40
    """A plot of which a part is shown leaves the threads to others before it loads the rest."""
    archive_ms: int = 5_000
    """A folder of datasets is looked at again after this long at the earliest."""
    retry_ms: int = 2_000
    """A plot whose data could not be read tries again."""

    card_ms: int = 900
    """A card of the first steps stays, once all on it is done, so that this is seen."""


DELAYS = Delays()
"""Those of the windows of this process."""
