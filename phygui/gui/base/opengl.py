"""Whether OpenGL works here, on what, and how to do without a graphics card."""

from __future__ import annotations

import functools
import logging
import os
import re
import sys
from dataclasses import dataclass
from typing import NoReturn

from qtpy.QtCore import QCoreApplication, Qt, qInstallMessageHandler
from qtpy.QtGui import QOffscreenSurface, QOpenGLContext
from vispy.gloo import gl

from phygui.views.core.visuals.shared import shader

log = logging.getLogger(__name__)

HINT = "start it as 'phy-gui --software-opengl' to draw without the graphics card"
HINT_IN_SOFTWARE = (
    "install Mesa's software renderer, or start it on a screen of the machine it runs on, also a "
    "virtual one (VNC, xvfb-run)"
)
"""What is left to do where drawing without the graphics card fails too."""
OLDEST = (2, 1)
"""Version of OpenGL that the shaders are written for."""
_SOFTWARE = "LIBGL_ALWAYS_SOFTWARE"


@dataclass(frozen=True)
class OpenGL:
    """What draws the views.

    Attributes
    ----------
    renderer : str
        What OpenGL calls itself; empty if it does not work.
    reason : str
        Why it does not work, in a clause; empty if it works.
    """

    renderer: str
    reason: str = ""

    @property
    def problem(self) -> str:
        """Why it does not work, and what to do, in one sentence; empty if it works."""
        if not self.reason:
            return ""
        also, hint = "", HINT
        if is_software_forced():
            also, hint = " even without the graphics card", HINT_IN_SOFTWARE
        return f"OpenGL does not work here{also} ({self.reason}), so the views stay empty: {hint}."


def use_software() -> None:
    """Draw without the graphics card; must be called before there is a QApplication."""
    _force_software()
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_UseSoftwareOpenGL)


def _force_software() -> None:
    os.environ[_SOFTWARE] = "1"
    os.environ["GALLIUM_DRIVER"] = "llvmpipe"
    # What the machine at the other end of a line would draw is not drawn by this one.
    os.environ.pop("LIBGL_ALWAYS_INDIRECT", None)


def is_software_forced() -> bool:
    """Whether the graphics card is left alone already."""
    return os.environ.get(_SOFTWARE, "").lower() in ("1", "true", "yes", "y")


def must_start_anew() -> bool:
    """Whether OpenGL fails as it is, and there is hope without the graphics card."""
    return sys.platform.startswith("linux") and not is_software_forced() and bool(_probe().reason)


def start_anew() -> NoReturn:
    """Start the program once more, without the graphics card; nothing may be open.

    What OpenGL draws with is settled for a process once it has asked.
    """
    log.warning("OpenGL does not work here (%s): software draws instead", _probe().reason)
    _force_software()
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


@functools.cache
def found() -> OpenGL:
    """Try OpenGL out of sight, once, and log what it is; needs a QGuiApplication."""
    opengl = _probe()
    if opengl.problem:
        log.error("%s", opengl.problem)
    else:
        log.info("OpenGL: %s", opengl.renderer)
    return opengl


@functools.cache
def _probe() -> OpenGL:
    # What Qt says of a strange context is said here in one sentence.
    before = qInstallMessageHandler(lambda _, __, text: log.debug("Qt: %s", text))
    try:
        return _tried()
    finally:
        qInstallMessageHandler(before)


def _tried() -> OpenGL:
    context = QOpenGLContext()
    if not context.create():
        return OpenGL("", "no context can be created")
    surface = QOffscreenSurface()
    surface.setFormat(context.format())
    surface.create()
    if not surface.isValid() or not context.makeCurrent(surface):
        return OpenGL("", "the context cannot be used")
    try:
        words = [str(gl.glGetParameter(name)) for name in (gl.GL_RENDERER, gl.GL_VERSION)]
        lacking = _lacking(words[1])
    except Exception as error:
        return OpenGL("", " ".join(str(error).split()) or type(error).__name__)
    finally:
        context.doneCurrent()
    return OpenGL("", lacking) if lacking else OpenGL(", ".join(words))


def _lacking(version: str) -> str:
    """What the views need and the present context does not have; empty if it has all."""
    number = re.match(r"(\d+)\.(\d+)", version)
    if number is None or tuple(map(int, number.groups())) < OLDEST:
        # What is not there must not be called: over a line to another screen, all is 1.4.
        wanted = ".".join(map(str, OLDEST))
        return f"its version is {version or 'unknown'}, and {wanted} is needed"
    if int(gl.glGetParameter(gl.GL_MAX_VERTEX_TEXTURE_IMAGE_UNITS)) < 2:
        return "its vertex shaders cannot read textures"
    return _why_not_compiled("lines")


def _why_not_compiled(kind: str) -> str:
    """Compile and link what draws one kind of thing; returns what stands in the way."""
    program, made = gl.glCreateProgram(), []
    try:
        for name, what in (
            (f"{kind}.vert", gl.GL_VERTEX_SHADER),
            (f"{kind}.frag", gl.GL_FRAGMENT_SHADER),
        ):
            made.append(gl.glCreateShader(what))
            gl.glShaderSource(made[-1], shader(name))
            gl.glCompileShader(made[-1])
            if not gl.glGetShaderParameter(made[-1], gl.GL_COMPILE_STATUS):
                return f"a shader does not compile: {_one_line(gl.glGetShaderInfoLog(made[-1]))}"
            gl.glAttachShader(program, made[-1])
        gl.glLinkProgram(program)
        if not gl.glGetProgramParameter(program, gl.GL_LINK_STATUS):
            return f"a shader cannot be linked: {_one_line(gl.glGetProgramInfoLog(program))}"
    finally:
        gl.glDeleteProgram(program)
        for each in made:
            gl.glDeleteShader(each)
    return ""


def _one_line(told: object) -> str:
    words = " ".join(str(told).split())
    return words or "no reason is given"
