"""A simulated recording with known units, as a Kwik dataset: for the demo, tests and benchmarks."""

from __future__ import annotations

from .build import Demo, make_demo
from .cache import default_demo
from .units import Truth

__all__ = ["Demo", "Truth", "default_demo", "make_demo"]
