"""The settings dialog of a view, made from the fields of its parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import Field, fields, replace
from typing import Any

from qtpy.QtCore import QSignalBlocker, QSize, Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from phygui.dataset import ShankData
from phygui.gui.base.placing import well_placed
from phygui.views.core.base import View


class _RealBox(QDoubleSpinBox):
    """Shows a number with the decimals that it has, and no zeros after them."""

    def textFromValue(self, value: float) -> str:
        """What is shown of a value."""
        text, point = super().textFromValue(value), self.locale().decimalPoint()
        return text.rstrip("0").rstrip(point) if point in text else text


class _Scrolled(QScrollArea):
    """Shows all of a widget if there is room, and else lets it be scrolled."""

    def __init__(self, inside: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setWidget(inside)

    def sizeHint(self) -> QSize:
        """Qt would have large ones scrolled from the start."""
        inside, bar = self.widget(), self.verticalScrollBar()
        assert inside is not None
        assert bar is not None
        return inside.sizeHint() + QSize(bar.sizeHint().width(), 0)


class ParameterDialog(QDialog):
    """Shows the plain parameters of a view; every change is applied at once, in both directions."""

    def __init__(
        self, parent: QWidget, view: View[Any, Any], shank: ShankData | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"{parent.windowTitle()}: settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        well_placed(self)
        self._view, self._shank = view, shank
        self._changed: dict[str, tuple[Any, Any]] = {}
        """Of each parameter changed here: its value before, and the one that it got."""
        self.editors: dict[str, QWidget] = {}
        inside = QWidget()
        form = QFormLayout(inside)
        form.setContentsMargins(0, 0, 0, 0)
        for field in fields(view.params):
            editor = self._editor(field, getattr(view.params, field.name))
            if editor is None:
                continue
            label = QLabel(field.metadata.get("label", field.name.replace("_", " ")))
            for widget in (label, editor):
                widget.setToolTip(field.metadata.get("help", ""))
            self.editors[field.name] = editor
            form.addRow(label, editor)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok
            | QDialogButtonBox.StandardButton.Cancel
            | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults).clicked.connect(
            self._restore
        )
        layout = QVBoxLayout(self)
        layout.addWidget(_Scrolled(inside))
        self.summary = QLabel()
        layout.addWidget(self.summary)
        layout.addWidget(buttons)
        view.params_changed.connect(self._follow)
        # What is shown follows the settings a little later.
        view.painted.connect(self._say_what_is_shown)
        self.finished.connect(self._leave)
        self._say_what_is_shown()

    def _leave(self) -> None:
        self._view.params_changed.disconnect(self._follow)
        self._view.painted.disconnect(self._say_what_is_shown)

    def _say_what_is_shown(self) -> None:
        self.summary.setText(f"Shown: {self._view.summary}" if self._view.summary else "")

    def _editor(self, field: Field[Any], value: Any) -> QWidget | None:
        """A widget for a number, a text, a switch or a choice of several; else None."""
        meta = field.metadata
        if "choices" in meta:
            combo = QComboBox()
            choices = choices_of(meta, self._shank)
            if len(choices) < 2:
                return None
            combo.addItems([str(choice) for choice in choices])
            combo.setCurrentText(str(value))
            combo.currentIndexChanged.connect(lambda i: self._change(field.name, choices[i]))
            return combo
        if isinstance(value, bool):
            check = QCheckBox()
            check.setChecked(value)
            check.toggled.connect(lambda on: self._change(field.name, on))
            return check
        if isinstance(value, int):
            spin = QSpinBox()
            spin.setRange(int(meta.get("min", 0)), int(meta.get("max", 1_000_000)))
            spin.setSingleStep(int(meta.get("step", 1)))
            spin.setSpecialValueText(meta.get("lowest", ""))
            spin.setValue(value)
            spin.setKeyboardTracking(False)
            _show_example(spin, field)
            if "unit" in meta:
                spin.setSuffix(f" {meta['unit']}")
            spin.valueChanged.connect(lambda number: self._change(field.name, int(number)))
            return spin
        if isinstance(value, float):
            real = _RealBox()
            real.setDecimals(3)
            real.setRange(float(meta.get("min", 0)), float(meta.get("max", 1e6)))
            real.setSingleStep(float(meta.get("step", 0.1)))
            real.setSpecialValueText(meta.get("lowest", ""))
            real.setValue(value)
            real.setKeyboardTracking(False)
            _show_example(real, field)
            if "unit" in meta:
                real.setSuffix(f" {meta['unit']}")
            real.valueChanged.connect(lambda number: self._change(field.name, float(number)))
            return real
        if isinstance(value, str):
            line = QLineEdit(value)
            line.setPlaceholderText(example_of(field))
            line.editingFinished.connect(lambda: self._change(field.name, line.text()))
            return line
        return None

    def _change(self, name: str, value: Any) -> None:
        current = getattr(self._view.params, name)
        if value != current:
            before, _ = self._changed.get(name, (current, None))
            self._changed[name] = before, value
            self._view.change_params(**{name: value})

    def _follow(self) -> None:
        """Show the parameters, which keys and mouse may have changed in the view."""
        for name, editor in self.editors.items():
            value = getattr(self._view.params, name)
            # What an editor rounds is not to be taken for a change.
            with QSignalBlocker(editor):
                if isinstance(editor, QComboBox):
                    editor.setCurrentText(str(value))
                elif isinstance(editor, QCheckBox):
                    editor.setChecked(value)
                elif isinstance(editor, QSpinBox | QDoubleSpinBox):
                    editor.setValue(value)
                elif isinstance(editor, QLineEdit):
                    editor.setText(value)

    def _restore(self) -> None:
        defaults = type(self._view.params)()
        for name in self.editors:
            self._change(name, getattr(defaults, name))

    def reject(self) -> None:
        """Take back what was changed here, and not what was done in the view meanwhile."""
        params = self._view.params
        taken_back = {
            name: before
            for name, (before, after) in self._changed.items()
            if getattr(params, name) == after
        }
        self._view.change_params(**taken_back)
        super().reject()


def example_of(field: Field[Any]) -> str:
    """What an empty field of the settings shows: an example of what can be written there."""
    meta = field.metadata
    example = meta.get("example") or (str(field.default) if field.default != "" else "")
    unit = f" {meta['unit']}" if "unit" in meta else ""
    return f"for example {example}{unit}" if example else ""


def _show_example(box: QSpinBox | QDoubleSpinBox, field: Field[Any]) -> None:
    line = box.lineEdit()
    assert line is not None
    line.setPlaceholderText(example_of(field))


def plain_changes(before: Any, after: Any, *, local: bool = True) -> dict[str, Any]:
    """The parameters that differ and can be remembered: numbers, texts and switches.

    Parameters
    ----------
    before, after : dataclass
        Parameters of a view.
    local : bool
        Whether to include those that mean something in one dataset only.
    """
    changed, left_out = {}, set() if local else local_names(type(after))
    for field in fields(after):
        value = getattr(after, field.name)
        is_plain = isinstance(value, bool | int | float | str)
        differs = value != getattr(before, field.name)
        if is_plain and differs and field.name not in left_out:
            changed[field.name] = value
    return changed


def local_names(cls: type) -> set[str]:
    """Names of the parameters of a view that mean something in one dataset only."""
    return {field.name for field in fields(cls) if field.metadata.get("local")}


def params_of(cls: type, stored: object, shank: ShankData | None = None) -> Any:
    """Parameters of a view from what was remembered; what makes no sense is left at its default.

    So is what may be chosen only for other shanks, such as an axis that this one does not have.
    """
    params: Any = cls()
    known = {field.name: field for field in fields(params)}
    for name, value in stored.items() if isinstance(stored, dict) else ():
        if name in known and _is_sound(known[name], value, shank):
            kind: Any = type(known[name].default)
            params = replace(params, **{name: kind(value)})
    return params


def choices_of(meta: Mapping[str, Any], shank: ShankData | None = None) -> Sequence[Any]:
    """What a parameter may be, where it is a choice: its `choices`, or what they return now.

    They are asked with the shank, since its format may hold more than others do.
    """
    choices = meta.get("choices", ())
    found: Sequence[Any] = choices(shank) if callable(choices) else choices
    return found


def range_problem(cls: type, name: str, value: float) -> str:
    """Why a number is not possible for a parameter of a view; empty if it is."""
    meta = next(field.metadata for field in fields(cls) if field.name == name)
    low, high = meta.get("min", -math.inf), meta.get("max", math.inf)
    if low <= value <= high:
        return ""
    label, unit = meta.get("label", name.replace("_", " ")).lower(), meta.get("unit", "")
    return f"the {label} is {low:,g} to {high:,g} {unit}".rstrip() + f", not {value:g}"


def setting_problem(cls: type, name: str, value: object, shank: ShankData | None = None) -> str:
    """Why a script's value is not possible for a parameter of a view; empty if it is."""
    field = next(field for field in fields(cls) if field.name == name)
    if _is_sound(field, value, shank):
        return ""
    choices = choices_of(field.metadata, shank)
    if isinstance(field.default, str) and choices:
        return f"{name} is one of {', '.join(map(str, choices))}, not {value!r}"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and isinstance(field.default, int | float):
        return range_problem(cls, name, value) or f"{name} is a whole number, not {value!r}"  # type: ignore[arg-type]
    return f"{name} is {value!r}, expected such as {field.default!r}"


def _is_sound(field: Field[Any], value: object, shank: ShankData | None) -> bool:
    default, meta = field.default, field.metadata
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, str):
        return isinstance(value, str) and value in (choices_of(meta, shank) or (value,))
    kinds = int if isinstance(default, int) else (int, float)
    if not isinstance(default, int | float) or not isinstance(value, kinds):
        return False
    return bool(meta.get("min", value) <= value <= meta.get("max", value))
