"""From spike to spike along the recording: the traces go there, other views mark it, it is said."""

from __future__ import annotations

import numpy as np

from phygui.curation.edits.update import EditError
from phygui.curation.statistics.snapshot import Snapshot
from phygui.gui.window.parts import WindowParts
from phygui.views.core.base import Empty


def walk(window: WindowParts, step: str) -> None:
    """Go to the next or previous spike or refractory violation of the selection.

    Parameters
    ----------
    window : WindowParts
    step : str
        A method of the trace view, such as ``next_spike``.

    Raises
    ------
    EditError
        If no traces are shown, or there is no such spike.
    """
    shown = [
        dock
        for dock in window.view_docks.values()
        if dock.kind == "traces" and dock.is_on_screen and dock.is_made
    ]
    shown = [d for d in shown if d.view.data is not None and not isinstance(d.view.data, Empty)]
    if not shown:
        raise EditError("no traces are shown")
    if step.endswith("_event"):
        to_event(window, shown[0].view.params.time, forward=step.startswith("next"))
        return
    # The first that has somewhere to go leads, and all others follow.
    leader = next((dock for dock in shown if getattr(dock.view, step)()), None)
    if leader is None:
        if not window.session.selected:
            raise EditError("no cluster is selected")
        wanted = step.replace("_violation", " refractory violation").replace("_", " ")
        raise EditError(f"there is no {wanted} of the selected clusters")
    seconds = leader.view.cursor
    window.linking.go_to(seconds)
    said = spike_at(leader.snapshot, seconds, follows="violation" in step)
    window.say(said or f"{seconds:.4f} s")


def to_event(window: WindowParts, seconds: float, *, forward: bool) -> None:
    """Go to the next or previous event, of whatever type; within the time range if there is one.

    Parameters
    ----------
    window : WindowParts
    seconds : float
        The time from which it is looked for.
    forward : bool

    Raises
    ------
    EditError
        If there is none.
    """
    shown = window.session.shown
    low, high = shown.time_range or (-np.inf, np.inf)
    now = min(max(seconds, low - 1e-3), high)
    found: tuple[float, str] | None = None
    for name, times in shown.shank.events.items():
        # Ascending; a time that was gone to must not be found again for its last digit.
        k = int(np.searchsorted(times, now + 1e-6 if forward else now - 1e-6))
        k = k if forward else k - 1
        if 0 <= k < len(times) and low <= times[k] < high:
            time = float(times[k])
            if found is None or (time < found[0]) == forward:
                found = time, str(name)
    if found is None:
        if not shown.shank.events:
            raise EditError(f"there are no events in {shown.shank.path.name}")
        raise EditError(f"there is no {'next' if forward else 'previous'} event")
    window.linking.go_to(found[0])
    window.say(f"event {found[1]} at {found[0]:.4f} s")


def spike_at(snapshot: Snapshot, seconds: float, *, follows: bool = False) -> str:
    """Words for the spike of the selection at a time; empty if there is none.

    Parameters
    ----------
    snapshot : Snapshot
    seconds : float
    follows : bool
        Whether to take, of several, the one that comes soonest after one of its cluster, and to say
        after how long.
    """
    clock, rate = snapshot.shank.clock, snapshot.shank.sample_rate
    samples, sample = clock.sorted_samples, round(seconds * rate)
    bounds = np.array([sample, sample + 1]).astype(samples.dtype)
    first, last = np.searchsorted(samples, bounds)
    found = []
    for cluster in snapshot.cluster_ids:
        ranks = clock.ranks(snapshot.spikes(cluster))
        i = int(np.searchsorted(ranks, first))
        if i < len(ranks) and ranks[i] < last:
            near = ranks[max(i - 1, 0) : i + 1]
            # No interval spans two recordings.
            apart = clock.apart(samples[near].astype(np.int64))
            since = float(apart[-1] - apart[0]) / rate if i else np.inf
            found.append((since, int(clock.spike_ids(ranks[i : i + 1])[0]), cluster))
    if not found:
        return ""
    interval, spike, cluster = min(found) if follows else found[0]
    text = f"spike {spike} of cluster {cluster} at {seconds:.4f} s"
    return f"{text}, {1000 * interval:.2f} ms after the one before" if follows else text
