"""Whether OpenGL works here, on what, and how to do without a graphics card."""

from __future__ import annotations

import functools
import logging
import os
from dataclasses import dataclass

from PyQt5.QtCore import QCoreApplication, Qt
from PyQt5.QtGui import QOffscreenSurface, QOpenGLContext
from vispy.gloo import gl

log = logging.getLogger(__name__)

HINT = "start it as 'phy-gui --software-opengl' to draw without the graphics card"


@dataclass(frozen=True)
class OpenGL:
    """What draws the views.

    Attributes
    ----------
    renderer : str
        What OpenGL calls itself; empty if it does not work.
    problem : str
        Why it does not work, and what to do, in one sentence; empty if it works.
    """

    renderer: str
    problem: str = ""


def use_software() -> None:
    """Draw without the graphics card; must be called before there is a QApplication."""
    os.environ["LIBGL_ALWAYS_SOFTWARE"] = "1"
    os.environ["GALLIUM_DRIVER"] = "llvmpipe"
    QCoreApplication.setAttribute(Qt.AA_UseSoftwareOpenGL)


@functools.cache
def found() -> OpenGL:
    """Try OpenGL out of sight, once, and log what it is; needs a QGuiApplication."""
    opengl = _probe()
    if opengl.problem:
        log.error("%s", opengl.problem)
    else:
        log.info("OpenGL: %s", opengl.renderer)
    return opengl


def _probe() -> OpenGL:
    context = QOpenGLContext()
    if not context.create():
        return _failure("no context can be created")
    surface = QOffscreenSurface()
    surface.setFormat(context.format())
    surface.create()
    if not surface.isValid() or not context.makeCurrent(surface):
        return _failure("the context cannot be used")
    try:
        words = [gl.glGetParameter(name) for name in (gl.GL_RENDERER, gl.GL_VERSION)]
    except Exception as error:
        return _failure(" ".join(str(error).split()) or type(error).__name__)
    finally:
        context.doneCurrent()
    return OpenGL(", ".join(str(word) for word in words))


def _failure(reason: str) -> OpenGL:
    return OpenGL("", f"OpenGL does not work here ({reason}), so the views stay empty: {HINT}.")
