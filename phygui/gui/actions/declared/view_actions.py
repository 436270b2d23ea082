"""What the views show, more of them, and where they stand."""

from __future__ import annotations

from phygui.gui.actions.context import ActionContext
from phygui.gui.actions.declared.reasons import no_time_range
from phygui.gui.actions.layout_presets import LAYOUTS
from phygui.gui.actions.spec import ActionSpec, Run
from phygui.plugins import owner
from phygui.views import SPECS
from phygui.views.feature.grid import HISTOGRAM
from phygui.views.spec import ViewSpec


def _adder(kind: str) -> Run:
    return lambda w: w.extra_views.add_beside(kind)


def _arranger(layout: str) -> Run:
    return lambda w: w.layout_keeper.show(layout)


def new_view(spec: ViewSpec) -> ActionSpec:
    """The action that adds another view of a kind."""
    return ActionSpec(
        f"new_{spec.name}",
        f"New {spec.title.lower()} view",
        "View/New view",
        _adder(spec.name),
        tip="another view of this kind, with its own settings",
    )


def _toggle_trials(w: ActionContext) -> None:
    for view in w.views("events"):
        view.change_params(trials=not view.params.trials)


def _turn_trials(w: ActionContext) -> None:
    for view in w.views("events"):
        view.change_params(order="trial" if view.params.order == "first spike" else "first spike")


def _toggle_ticks(w: ActionContext) -> None:
    wanted = not _has_ticks(w)
    for view in w.views("traces"):
        view.change_params(ticks=wanted)


def _has_ticks(w: ActionContext) -> bool:
    return any(view.params.ticks for view in w.views("traces"))


def _toggle_follow(w: ActionContext) -> None:
    wanted = not _follows(w)
    for view in w.views("traces"):
        view.change_params(follow=wanted)


def _follows(w: ActionContext) -> bool:
    return any(view.params.follow for view in w.views("traces"))


def _turn_diagonal(w: ActionContext) -> None:
    wanted = "time" if _has_histograms(w) else HISTOGRAM
    for view in w.views("features"):
        view.change_params(diagonal=wanted)


def _has_histograms(w: ActionContext) -> bool:
    return any(view.params.diagonal == HISTOGRAM for view in w.views("features"))


def _turn_sizes(w: ActionContext) -> None:
    is_by_spikes = any(view.params.size_by == "spikes" for view in w.views("scatter"))
    for view in w.views("scatter"):
        view.change_params(size_by="amplitude" if is_by_spikes else "spikes")


def _views() -> list[ActionSpec]:
    """Those of the views of the program; those of plugins come with the plugins."""
    return [new_view(spec) for kind, spec in SPECS.items() if owner("view", kind) is None]


def _layouts() -> list[ActionSpec]:
    return [
        ActionSpec(
            f"layout_{name.lower()}",
            f"{name} layout",
            "View/Layout",
            _arranger(name),
        )
        for name in LAYOUTS
    ]


ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("automatic_channels", "Automatic feature channels", "View/Features",
        lambda w: w.commands.automatic_feature_channels(), ("A",),
        "the best channels, instead of those chosen with Ctrl+click"),
    ActionSpec("diagonal", "Histograms on the diagonal", "View/Features", _turn_diagonal, ("D",),
        "how many spikes have each value, instead of the values over time",
        checked=_has_histograms),
    ActionSpec("overlap", "Waveforms overlapped or side by side", "View/Waveforms",
        lambda w: w.commands.toggle_overlap(), ("O",)),
    ActionSpec("mean", "Waveforms as mean and deviation", "View/Waveforms",
        lambda w: w.commands.toggle_mean(), ("M",)),
    ActionSpec("go_to", "Go to time...", "View/Traces", lambda w: w.commands.show_snippets("t "),
        ("Ctrl+T",), "move the traces to a time in seconds"),
    ActionSpec("spike_list", "Spike list", "View/Traces", lambda w: w.show_dock("spikes"),
        ("Ctrl+L",), "the spikes of the selection, one a row; click one to go there"),
    ActionSpec("ticks", "Ticks of all spikes", "View/Traces", _toggle_ticks, ("Shift+A",),
        "a short line at the top edge for every spike of any cluster", checked=_has_ticks),
    ActionSpec("follow", "Traces follow the selection", "View/Traces", _toggle_follow, ("Shift+F",),
        "to their nearest spike, if none is in view",
        checked=_follows),
    ActionSpec("next_spike", "Next spike of the selection", "View/Traces",
        lambda w: w.commands.trace("next_spike"), ("Alt+Right",)),
    ActionSpec("previous_spike", "Previous spike of the selection", "View/Traces",
        lambda w: w.commands.trace("previous_spike"), ("Alt+Left",)),
    ActionSpec("next_violation", "Next refractory violation", "View/Traces",
        lambda w: w.commands.trace("next_violation"), ("V", "Alt+Shift+Right")),
    ActionSpec("previous_violation", "Previous refractory violation", "View/Traces",
        lambda w: w.commands.trace("previous_violation"),
        ("Shift+V", "Alt+Shift+Left")),
    ActionSpec("next_event", "Next event", "View/Traces",
        lambda w: w.commands.trace("next_event"), ("E",)),
    ActionSpec("previous_event", "Previous event", "View/Traces",
        lambda w: w.commands.trace("previous_event"), ("Shift+E",)),
    ActionSpec("trials", "Raster of trials", "View/Events", _toggle_trials, ("T",),
        "over each histogram, a row for each event"),
    ActionSpec("trial_order", "Trials as they came or by first spike", "View/Events",
        _turn_trials, ("Shift+O",)),
    ActionSpec("sizes", "Points by spikes or amplitude", "View/Cluster scatter", _turn_sizes,
        ("S",), "large points have many spikes, or a large amplitude"),
    ActionSpec("time_range", "Time range...", "View/Time range",
        lambda w: w.commands.show_snippets("range "), ("Shift+T",),
        "only a range of time in views, metrics of the selection, previews"),
    ActionSpec("clear_time_range", "Show all of the recording", "View/Time range",
        lambda w: w.time_ranges.clear(), ("Ctrl+Shift+T",), "clear the time range",
        hindrance=no_time_range),
    ActionSpec("reset_views", "Reset all views", "View|look", lambda w: w.commands.reset_views(),
        ("Shift+R",), "undo pan, zoom and scale in every view"),
    *_views(),
    *_layouts(),
    ActionSpec("save_layout", "Save the layout as...", "View/Layout|save",
        lambda w: w.layout_keeper.ask_name(), tip="under a name that you choose"),
    ActionSpec("reset_layout", "Reset the layout", "View/Layout|save", lambda w: w.reset_layout(),
        tip="back to Classic, with one view of each kind"),
    ActionSpec("theme", "Light theme", "View|look", lambda w: w.commands.toggle_theme(),
        tip="for print and projectors", checked=lambda w: w.theme == "light"),
    ActionSpec("maximise", "Maximise the view", "View|look",
        lambda w: w.layout_keeper.toggle_maximised(), ("Z",),
        "the view under the mouse in the whole window, and back",
        checked=lambda w: bool(w.layout_keeper.maximised)),
    ActionSpec("full_screen", "Full screen", "View|look", lambda w: w.commands.toggle_full_screen(),
        ("F11",), checked=lambda w: w.isFullScreen()),
)  # fmt: skip
