"""A simulated recording with known units, as a Kwik dataset: for the demo, tests and benchmarks."""

from __future__ import annotations

from .build import Demo, make_demo
from .cache import copy_demo, default_demo, demo_in
from .units import Truth

__all__ = ["Demo", "Truth", "copy_demo", "default_demo", "demo_in", "make_demo"]
