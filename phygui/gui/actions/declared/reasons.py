"""Why an action may not be possible now, each in one clause that the status bar shows."""

from __future__ import annotations

from phygui.curation.session import Session
from phygui.dataset import RAW_UNITS
from phygui.gui.actions.context import ActionContext
from phygui.gui.actions.spec import When, Why

NO_LASSO = "draw a lasso first: Ctrl+drag a rectangle, or Ctrl+click the corners of a polygon"
TOO_FEW = "a merge needs at least two clusters"


def locked(w: ActionContext) -> str:
    """The active clustering may not be edited."""
    return w.session.locked_reason


def none_selected(w: ActionContext) -> str:
    """Nothing is selected."""
    return "" if w.session.selected else "no cluster is selected"


def no_match(w: ActionContext) -> str:
    """No match is selected."""
    return "" if w.session.selection.match else "no match is selected"


def no_lasso(w: ActionContext) -> str:
    """No view holds a lasso."""
    return NO_LASSO if w.lasso_dock() is None else ""


def no_suggestion(w: ActionContext) -> str:
    """No suggestion is chosen."""
    return "no suggestion is chosen" if w.suggestions.current is None else ""


def no_rejection(w: ActionContext) -> str:
    """What is previewed, if anything, has not been suggested."""
    return "" if w.suggestions.is_suggested else "no suggestion is chosen"


def no_split_rejection(w: ActionContext) -> str:
    """The parts that are shown, if any are, have not been suggested."""
    return "" if w.splits.is_suggested else "no split suggestion is chosen"


def no_candidate(w: ActionContext) -> str:
    """No candidate for a group is chosen."""
    return "" if w.candidates.is_suggested else "no group candidate is chosen: Alt+Down goes to one"


def no_parts(w: ActionContext) -> str:
    """No parts are proposed."""
    return "" if w.splitting.is_active else "no parts are proposed: Shift+K proposes some"


def unless(possible: When, reason: str) -> Why:
    """A reason that holds unless something is so."""
    return lambda w: "" if possible(w) else reason


def first(*whys: Why) -> Why:
    """The first of several reasons that holds."""
    return lambda w: next((reason for why in whys if (reason := why(w))), "")


one_shank = unless(
    lambda w: len(w.switching.curatable) > 1, "there is no other shank with clusters"
)


def lacks_gain(session: Session) -> bool:
    """Whether neither the files nor the user have told the gain."""
    return not session.shank.tells_gain and session.shank.voltage_unit == RAW_UNITS


def remarks_on(session: Session) -> list[str]:
    """What is unusual about a dataset, what was assumed, and what is not used any more."""
    gain = f"{session.path}: no file tells the gain, so that voltages are in raw units."
    lines = [*session.shank.warnings, *session.measures.problems]
    return [*lines, gain] if lacks_gain(session) else lines


def no_traces_elsewhere(w: ActionContext) -> str:
    """The file names no raw data outside its folder that is not open yet."""
    absent = w.session.shank.absent.get("traces")
    return "" if absent and absent.elsewhere else "the file names no raw data outside its folder"


def cannot_save(w: ActionContext) -> str:
    """Nothing may be written, or there is nothing to write."""
    if w.session.read_only:
        return f"nothing is saved: {w.session.read_only_reason}"
    return "" if w.session.is_modified else "there is nothing to save"


def cannot_copy(w: ActionContext) -> str:
    """Nothing may be written."""
    return f"nothing is copied: {w.session.read_only_reason}" if w.session.read_only else ""


def cannot_unlock(w: ActionContext) -> str:
    """Nothing may be edited, or not this clustering."""
    always = w.session.read_only or w.session.workspace.is_protected
    return w.session.locked_reason if always else ""


def is_at_saved(w: ActionContext) -> str:
    """What was saved is in effect, or out of reach."""
    if w.session.saved_position is None:
        return "undo and redo cannot reach the saved state"
    same = w.session.saved_position == w.session.history_position
    return "nothing has changed since the last save" if same else ""


def no_time_range(w: ActionContext) -> str:
    """Why no time range can be cleared."""
    return "" if w.session.time_range else "all of the recording is shown already"
