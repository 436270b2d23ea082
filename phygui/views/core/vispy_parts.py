"""What views use of vispy beyond what it documents: all of it is here, each with its reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import vispy
from vispy import app, gloo
from vispy.gloo import gl

_closing: dict[int, Any] = {}


def paint_with(canvas: app.Canvas, paint: Callable[[], None]) -> None:
    """Have Qt call a function when a canvas is to be painted.

    vispy's own method goes over all pixels after the drawing to make them opaque, which a view
    that covers its ground does not need, and there is no setting that keeps it from doing so.
    """
    canvas.native.paintGL = paint


def keep_pixels(canvas: app.Canvas) -> None:
    """Have what is drawn between two paintings stay there until the second one."""
    native = canvas.native
    native.setUpdateBehavior(native.UpdateBehavior.PartialUpdate)


def buffer_of(canvas: app.Canvas) -> tuple[int, ...] | None:
    """Which buffer a canvas is drawn into; None as long as it is not on the screen."""
    native = canvas.native
    if not native.isValid() or not native.isVisible():
        return None
    return native.defaultFramebufferObject(), *canvas.physical_size


def close_for_good(canvas: app.Canvas) -> None:
    """Close a canvas and delete its widget, once nothing else is going on.

    Were the widget left to Python's garbage collector, it could take its context down while another
    view draws, and that view would find itself without one.
    """
    native = canvas.native
    app.Canvas.close(canvas)
    key = id(native)
    _closing[key] = native
    native.destroyed.connect(lambda: _closing.pop(key, None))
    native.deleteLater()


def copy_pixels(context: Any, texture: gloo.Texture2D) -> None:
    """Copy what has been drawn into a texture of that size; it waits for the pixels."""
    context.glir.associate(texture.glir)
    context.flush_commands()
    own = context.shared.parser.get_object(texture.id)
    height, width = texture.shape[:2]
    own.activate()
    gl.glCopyTexSubImage2D(gl.GL_TEXTURE_2D, 0, 0, 0, 0, 0, width, height)
    own.deactivate()


def font_path() -> Path:
    """The file of the font that vispy brings along: it loads it by name, but tells nobody where.

    Glyphs of its own are blurred from one size for all others; a view has them drawn at its size.
    """
    return Path(vispy.__file__).parent / "util" / "fonts" / "data" / "OpenSans-Regular.ttf"
