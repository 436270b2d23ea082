"""A simulated recording with known units, as a Kwik dataset: for the demo, tests and benchmarks."""

from __future__ import annotations

from .build import Demo, make_demo
from .cache import copy_demo, default_demo
from .units import Truth

__all__ = ["Demo", "Truth", "copy_demo", "default_demo", "make_demo"]
