"""How voltages are written: in microvolts, or in the units of the raw data if no gain is known."""

from __future__ import annotations

from phygui.dataset import MICROVOLTS


def amount(value: float, unit: str) -> str:
    """Write a round voltage, as at a scale bar; from a thousand microvolts on in millivolts."""
    in_millivolts = unit == MICROVOLTS and value >= 1000
    return f"{value / 1000:g} mV" if in_millivolts else f"{value:g} {unit}"


def reading(value: float, unit: str) -> str:
    """Write a voltage as it was measured; raw units may be of any size."""
    whole = unit == MICROVOLTS or abs(value) >= 100
    return f"{value:.0f} {unit}" if whole else f"{value:.3g} {unit}"
