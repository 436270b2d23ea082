"""How many microvolts a raw unit is, where no file of a dataset tells: the user is asked once."""

from __future__ import annotations

from numbers import Real
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from phygui.errors import DatasetError
from phygui.storage.files import reason
from phygui.storage.state import locations


def refuse(dataset: Path) -> NoReturn:
    """The gain is not the user's to say.

    Raises
    ------
    DatasetError
        Always.
    """
    raise DatasetError(f"{dataset}: the files tell the gain.")


class UsersGain:
    """The gain of a dataset whose files do not tell it; remembered for this user.

    Parameters
    ----------
    dataset : Path
        Its file or folder.

    Attributes
    ----------
    microvolts : float or None
        Of a raw unit; None as long as nobody has said it.
    """

    def __init__(self, dataset: Path) -> None:
        self._dataset = dataset
        self.microvolts = locations.remembered_gain(dataset)

    def gains(self, n_channels: int) -> NDArray[np.float64]:
        """Of some channels: (n_channels,), 1 as long as it is not known."""
        return np.full(n_channels, 1.0 if self.microvolts is None else self.microvolts)

    def set(self, microvolts: float | None) -> None:
        """Say what it is, now and at later openings; None takes that back.

        Raises
        ------
        DatasetError
            If it is no gain, or cannot be remembered; nothing has changed then.
        """
        is_none = microvolts is None
        if not (is_none or (isinstance(microvolts, Real) and 0 < microvolts <= 1e6)):
            raise DatasetError(
                f"{self._dataset}: a gain of {microvolts!r} makes no sense, expected the "
                "microvolts of a raw unit, such as 0.195."
            )
        try:
            locations.remember_gain(self._dataset, microvolts)
        except OSError as error:
            raise DatasetError(
                f"{locations.locations_file()} could not be written ({reason(error)}): the gain of "
                f"{self._dataset} would not be remembered."
            ) from error
        self.microvolts = microvolts
