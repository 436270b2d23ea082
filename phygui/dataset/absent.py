"""Data that a dataset lacks, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Absent:
    """Data that is not there, or not used.

    Attributes
    ----------
    looked_for : the file that was looked for
    reason : why what is there is not used, in a sentence; empty if nothing was found
    elsewhere : what the dataset names outside its own folder, which only the user may follow
    """

    looked_for: str
    reason: str = ""
    elsewhere: tuple[Path, ...] = ()

    def __str__(self) -> str:
        return self.reason or self.looked_for

    def why(self, path: Path) -> str:
        """Why it is not there, in words: not found, refused, or out of reach."""
        reasons = [self.reason.rstrip(".")] if self.reason else []
        if self.elsewhere:
            more = len(self.elsewhere) - 2
            places = " and ".join(str(path) for path in self.elsewhere[:2])
            places += f" and {more} more" if more > 0 else ""
            reasons.append(
                f"{path.name} names {places}, outside the folder of the dataset, which is "
                "opened only when you ask for it"
            )
        return "; ".join(reasons) or f"{self.looked_for} was not found beside {path.name}"
