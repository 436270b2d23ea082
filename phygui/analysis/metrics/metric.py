"""A number that may be undefined, and why it then is."""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["NO_DURATION", "NO_SPIKES", "Metric", "undefined"]

NO_SPIKES = "there are no spikes"
NO_DURATION = "the duration of the recording is not known"


class Metric(NamedTuple):
    """The value of a quality metric.

    Where a metric means nothing, its value is NaN and the reason says why, for a table to show
    a dash and a tooltip instead of an invented number.
    """

    value: float
    reason: str = ""

    @property
    def is_defined(self) -> bool:
        """Whether there is a value."""
        return not math.isnan(self.value)


def undefined(reason: str) -> Metric:
    """A metric that has no value."""
    return Metric(math.nan, reason)
