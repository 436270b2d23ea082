"""A dock that holds one view: when it is made, and when its data is loaded."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from qtpy.QtCore import QEvent, QObject, QPoint, QRect, QTimer, Signal
from qtpy.QtGui import QCloseEvent, QHelpEvent
from qtpy.QtWidgets import QToolTip

from phygui.curation.session import Session
from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset import ShankData
from phygui.errors import DatasetError
from phygui.gui.base import opengl
from phygui.gui.base.delays import DELAYS
from phygui.gui.base.work import Latest, Pool
from phygui.gui.docks.dock import Dock, DockTitle
from phygui.gui.docks.elsewhere_button import ElsewhereButton
from phygui.gui.docks.guarded_view import judged, loader, placeholder
from phygui.plugins import Plugin, owner
from phygui.views.core.base import Empty, View
from phygui.views.spec import ViewSpec

TOOLTIP_REACH = 3
"""Pixels that the mouse may move, by a hand that rests, before a tooltip goes."""


def kind_of(name: str) -> str:
    """The kind of view in a dock: that of ``features 2`` is ``features``."""
    return name.partition(" ")[0]


class ViewDock(Dock):
    """A dock with a view in it, which is made when its first data have come, or it is asked for.

    It loads the view's data in a worker thread whenever the session or the
    parameters change, unless the view is hidden; it then catches up when it is
    shown. A paused view does not follow the session: it goes on to show, with
    whatever parameters, the session as it was when it was paused.

    Parameters
    ----------
    name : str
        Name of the dock.
    title : str
        What its title bar says.
    spec : ViewSpec
        Which view it is.
    params : callable
        The parameters that the view begins with.
    make : callable
        Makes the view from its parameters; called once at the most.
    session : Session
    pool : Pool
    is_extra : bool
        Whether it is a second one of its kind, which goes for good when it is closed.
    """

    shown_data = Signal()
    trouble = Signal(str, object)
    """A sentence, and the exception behind it."""
    discarded = Signal(str)
    """A second dock of its kind has been closed; its name."""
    paused = Signal()
    """It follows the session no longer, or again."""
    settings_wanted = Signal()
    export_wanted = Signal()
    elsewhere_wanted = Signal(str, object)
    """A kind of data, and the paths outside the folder of the dataset that are to be opened; none
    where the user is to be asked for them."""

    def __init__(
        self,
        name: str,
        title: str,
        spec: ViewSpec,
        params: Callable[[], Any],
        make: Callable[[Any], View[Any, Any]],
        session: Session,
        pool: Pool,
        *,
        is_extra: bool = False,
    ) -> None:
        super().__init__(name, title)
        self.kind = kind_of(name)
        self.is_extra = is_extra
        self.spec = spec
        self.plugin = owner("view", spec.name)
        self._first_params = params
        self._make = make
        self._view: View[Any, Any] | None = None
        self._session = session
        # History holds the spikes of clusters that are edited away, so this costs no memory.
        self._snapshot: Snapshot | None = None
        self._stale = True
        self._closed = False
        self._unpainted = False
        self._held = False
        self._is_paused = False
        self._has_tooltip = False
        self._elsewhere: ElsewhereButton | None = None
        self._loaded_with: Any = None
        """What the data were last asked for with."""
        # Nobody waits for the end of what a plugin does.
        self.work = Latest(pool, self, is_detached=self.plugin is not None)
        self.work.done.connect(self._receive)
        self.work.failed.connect(self._fail)
        self.highlighting = Latest(pool, self)
        self.highlighting.done.connect(self._receive_highlight)
        self.highlighting.failed.connect(
            lambda error: self.trouble.emit("The spikes inside the lasso could not be shown", error)
        )
        self._failure = ""
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(DELAYS.retry_ms)
        self._again.timeout.connect(self._load)
        self._goes_on = False
        self._more = QTimer(self)
        self._more.setSingleShot(True)
        self._more.setInterval(DELAYS.go_on_ms)
        self._more.timeout.connect(self._go_on)
        self.visibilityChanged.connect(self._catch_up)

    def finish(self) -> None:
        """Have something to hold the place of the view until it is made."""
        super().finish()
        if self.widget() is None:
            self.hold_widget(placeholder(opengl.found().problem))

    def add_buttons(self, title_bar: DockTitle) -> None:
        """Add those of a view too: settings, pause, export."""
        settings = title_bar.add_button("settings", "settings")
        settings.clicked.connect(self.settings_wanted)
        pause = title_bar.add_button("pause", "pause: stop following the selection", checkable=True)
        pause.toggled.connect(self._pause)
        title_bar.add_button("export", "export a picture").clicked.connect(self.export_wanted)
        super().add_buttons(title_bar)

    @property
    def view(self) -> View[Any, Any]:
        """The view, made now if it was not yet needed: hidden ones cost nothing at start."""
        if self._view is None:
            view = self._view = self._make(self.params)
            view.painted.connect(self._painted)
            if self.plugin is not None:
                view.drawing_failed.connect(self.plugin.fail)
            view.params_changed.connect(self._params_changed)
            view.highlight_changed.connect(self._load_highlight)
            view.hovered.connect(self._say_hovered)
            view.native.installEventFilter(self)
            # A canvas without OpenGL would keep the whole window from being painted.
            if not opengl.found().problem:
                placeholder = self.widget()
                if placeholder is not None:
                    # Shown in another size first, the canvas would be painted for nothing.
                    view.native.resize(placeholder.size())
                    placeholder.deleteLater()
                self.hold_widget(view.native)
        return self._view

    @property
    def is_made(self) -> bool:
        """Whether there is a view yet."""
        return self._view is not None

    @property
    def params(self) -> Any:
        """Parameters of the view, also of one that is not made yet."""
        return self._first_params() if self._view is None else self._view.params

    @property
    def snapshot(self) -> Snapshot:
        """The session as the view shows it; of a paused view, as it was then."""
        return self._session.snapshot() if self._snapshot is None else self._snapshot

    @property
    def shank(self) -> ShankData:
        """The channel group that the view shows, or will show when it is seen."""
        return self.snapshot.shank if self.is_paused else self._session.shown.shank

    def shows(self, snapshot: Snapshot) -> bool:
        """Whether the view shows the clusters selected in a snapshot, spike by spike."""
        shown, cluster_ids = self.snapshot, snapshot.cluster_ids
        if not self.view.has_picture or self.view.drawn.cluster_ids != cluster_ids:
            return False
        # The same number may be another cluster in another clustering or channel group.
        return all(shown.spikes_per_cluster.get(c) is snapshot.spikes(c) for c in cluster_ids)

    @property
    def is_paused(self) -> bool:
        """Whether the view does not follow the session."""
        return self._is_paused

    @property
    def is_loading(self) -> bool:
        """Whether what is painted is not yet what is to be shown, or a part of it."""
        if self._goes_on and not self._stale:
            return False
        busy = self.work.is_busy or self.highlighting.is_busy
        unpainted = self._unpainted and self._is_painting
        return self._may_load and (self._stale or busy or unpainted)

    @property
    def _is_painting(self) -> bool:
        """Whether Qt paints: not as long as the window is minimised, or on another desktop."""
        window = self.window().windowHandle()
        return window is None or window.isExposed()

    def hold(self, held: bool) -> None:
        """Load nothing for the moment, as long as it is not known what will be selected."""
        self._held = held
        self._catch_up()

    @property
    def _may_load(self) -> bool:
        if self._held or self._closed or self.is_switched_off:
            return False
        return self.is_on_screen and not opengl.found().problem

    def refresh(self) -> None:
        """The session has changed: load what is to be shown, unless the view is paused."""
        if not self.is_paused:
            self._drop_old_lasso()
            self._load()

    def learn(self) -> None:
        """Statistics have come in: load again what shows them."""
        if self._view is not None and self._view.shows_metrics:
            self.refresh()

    def _drop_old_lasso(self) -> None:
        """A lasso goes with the clusters that it is drawn around, also where it is not seen."""
        view = self._view
        if view is not None and view.lasso is not None and not self.shows(self._session.snapshot()):
            view.clear_lasso()

    def _load(self, *, whole: bool = False) -> None:
        self._stale = True
        self._again.stop()
        self._more.stop()
        self._goes_on = False
        if not self._may_load:
            self.work.cancel()
            return
        self._stale = False
        if not self.is_paused:
            self._snapshot = self._session.snapshot()
        snapshot = self.snapshot
        with judged(self.plugin):
            load, params = loader(self.spec, self.plugin), self._params_to_load()
            self._loaded_with = params
            if not whole:
                params = self.spec.first(params)
            self.work.request(lambda cancelled: load(snapshot, params, cancelled))

    def _params_to_load(self) -> Any:
        """The parameters, with what they leave to the room that the view has."""
        widget = self.widget()
        size = (1.0, 1.0) if widget is None else (float(widget.width()), float(widget.height()))
        return self.spec.cls.in_room(self.params, size, self.snapshot.cluster_ids)

    def _follow_room(self) -> None:
        """The view has another size: load what there is room for now."""
        if not self._stale and self._params_to_load() != self._loaded_with:
            self._load()

    def _go_on(self) -> None:
        """Load the rest of what is shown in part; nobody waits for it."""
        self._load(whole=True)
        self._goes_on = True

    def _params_changed(self) -> None:
        if self.view.is_stale:
            self._load()

    def _pause(self, paused: bool) -> None:
        self._is_paused = paused
        title = self.windowTitle()
        self.title_bar.label.setText(f"{title} (paused)" if paused else title)
        if not paused:
            self.refresh()
        elif self._stale:
            # What is not yet loaded is loaded as it is now.
            self._snapshot = self._session.snapshot()
        self.paused.emit()

    def _catch_up(self) -> None:
        if self._stale:
            self._load()

    def _receive(self, data: object) -> None:
        if not self._closed and not self.is_switched_off:
            self._failure = ""
            with judged(self.plugin):
                self.view.palette.own = self.snapshot.colors
                self.view.set_data(data)
            if self.is_switched_off:
                return
            self._offer_elsewhere(data)
            self._unpainted = True
            self._load_highlight()
            if getattr(data, "is_partial", False):
                self._more.start()
            self.shown_data.emit()

    def _offer_elsewhere(self, data: object) -> None:
        """Have a button where the data is in files that only the user may open, or can find."""
        if self._elsewhere is None:
            if not (isinstance(data, Empty) and data.kind):
                return
            self._elsewhere = ElsewhereButton(self.view.native)
            self._elsewhere.wanted.connect(self.elsewhere_wanted)
        self._elsewhere.follow(data)

    def _load_highlight(self) -> None:
        """The spikes inside a lasso, or what is shown, have changed: load what they take."""
        view = self.view
        self.highlighting.cancel()
        # While data are on their way, those shown are not of this snapshot.
        wanted = view.loads_highlight and view.has_picture and len(view.highlighted) > 0
        if not wanted or self.work.is_busy:
            return
        if not self._may_load:
            self._stale = True
        else:
            snapshot, data, spike_ids = self.snapshot, view.data, view.highlighted
            load = view.load_highlight
            self.highlighting.request(lambda cancelled: load(snapshot, data, spike_ids, cancelled))

    def _receive_highlight(self, highlight_data: object) -> None:
        if not self._closed:
            self.view.set_highlight_data(highlight_data)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Say at the mouse what is under it, once it rests; no longer when it has left."""
        if event.type() == QEvent.Type.Leave and self._view is not None:
            self._view.forget_hover()
        elif event.type() == QEvent.Type.Resize:
            self._follow_room()
            if self._elsewhere is not None:
                self._elsewhere.place()
        elif isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._show_tooltip(event.pos(), event.globalPos())
            return True
        return super().eventFilter(watched, event)

    def _show_tooltip(self, at: QPoint, on_screen: QPoint) -> None:
        """Qt asks for one when the mouse rests with no button down, and hides it on a click."""
        view = self.view
        # While corners are set, a box would cover the spikes that are to be surrounded.
        text = "" if view.is_drawing else view.text_at((at.x(), at.y()))
        if text:
            # In one line, and a "<" is no tag.
            text = f'<p style="white-space: pre">{escape(text)}</p>'
        # It goes when the mouse leaves this place.
        here = QRect(at - QPoint(TOOLTIP_REACH, TOOLTIP_REACH), at)
        here = here.adjusted(0, 0, TOOLTIP_REACH, TOOLTIP_REACH)
        QToolTip.showText(on_screen, text, view.native, here)
        self._has_tooltip = bool(text)

    def _say_hovered(self, text: str) -> None:
        self.title_bar.note.setText(text)
        if self._has_tooltip and not text:
            self._has_tooltip = False
            QToolTip.hideText()

    def draw_ahead(self) -> None:
        """Draw what has come while the window waits for other views."""
        if self._view is not None and self._unpainted and not self.work.is_busy:
            self._view.draw_ahead()

    def _painted(self) -> None:
        self._unpainted = False

    @property
    def is_switched_off(self) -> bool:
        """Whether the plugin that the view is from has failed: it is asked for nothing more."""
        return self.plugin is not None and bool(self.plugin.error)

    def follow(self, plugin: Plugin) -> None:
        """A plugin has failed: of its view only the reason is left."""
        if plugin is not self.plugin or self._closed:
            return
        self.cancel()
        self._unpainted = False
        if self._view is not None:
            self._view.native.hide()
        self.hold_widget(placeholder(f"{plugin.remark}. See Tools > Plugins."))
        self.shown_data.emit()

    def _fail(self, error: Exception) -> None:
        if self._closed or self.is_switched_off:
            return
        if isinstance(error, DatasetError):
            self._again.start()
        failure, self._failure = self._failure, str(error)
        if self._failure != failure or self.view.has_picture:
            empty = Empty(self._failure)
            self.view.set_data(empty)
            self._offer_elsewhere(empty)
            self.trouble.emit(f"The {self.spec.title.lower()} view could not be loaded", error)
        self.shown_data.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Hide, or go for good: the first dock of a kind stays in the View menu."""
        super().closeEvent(event)
        if self.is_extra and not self._closed:
            self.discarded.emit(self.objectName())

    def cancel(self) -> None:
        """Stop loading."""
        self.work.cancel()
        self.highlighting.cancel()

    def dispose(self) -> None:
        """Stop loading and give the canvas back, for good."""
        self._closed = True
        self.cancel()
        if self._view is not None:
            self._view.close()
