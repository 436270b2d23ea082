"""What an export is: one declaration, from which the command, the dialog and the docs follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from phygui.errors import DatasetError
from phygui.exports.work import Work
from phygui.words import no_such

if TYPE_CHECKING:
    from phygui.exports.curation import Curation

_YES, _NO = ("yes", "true", "on", "1"), ("no", "false", "off", "0")


class ExportError(DatasetError):
    """Nothing was exported; the text is one sentence for the user."""


@dataclass(frozen=True)
class ExportOption:
    """What may be said of an export besides what is exported.

    Attributes
    ----------
    name : str
        What ``--option NAME=VALUE`` and ``options`` call it.
    title : str
        What the dialog calls it.
    help : str
        One sentence.
    kind : ``"bool"``, ``"str"`` or ``"path"``
    default : bool, str or Path
        An empty text, or an empty path, is one that is not given.
    """

    name: str
    title: str
    help: str
    kind: Literal["bool", "str", "path"] = "bool"
    default: Any = False

    def read(self, value: Any) -> Any:
        """The value of a text from a command line, or of what a script gives.

        Raises
        ------
        ExportError
            If it is no value of this option.
        """
        if self.kind == "bool":
            if isinstance(value, bool):
                return value
            word = str(value).strip().casefold()
            if word not in _YES + _NO:
                raise ExportError(f"the option {self.name} is {value!r}, expected yes or no.")
            return word in _YES
        if self.kind == "path":
            return Path(value).expanduser() if str(value) else ""
        return str(value)


@dataclass(frozen=True)
class ExportSpec:
    """A format that results are written in; registered through the entry points `phygui.exports`.

    Attributes
    ----------
    name : str
        What ``--to`` takes.
    title : str
        What the dialog calls it.
    suffix : str
        Of the file, such as ``.csv``; empty where a folder is written.
    help : str
        One sentence.
    write : callable
        Called with the curation, a path, the options and the work, in any thread. At the path
        nothing is yet, unless `appends`: it has the name, in another folder, that it gets
        afterwards; what else it writes into that folder gets beside it. What it raises as
        :class:`~phygui.errors.DatasetError` is shown to the user.
    options : tuple of ExportOption
    appends : bool
        Whether it may be given a file that is there, of which then a copy lies at the path.
    needs_metrics : bool or callable
        Whether metrics and mean waveforms are computed before `write` is called, where they are
        not known; or what tells it by the options.
    is_whole : bool
        Whether all groups, shanks and clusterings are written: none may be chosen.
    """

    name: str
    title: str
    suffix: str
    help: str
    write: Callable[[Curation, Path, Mapping[str, Any], Work], None]
    options: tuple[ExportOption, ...] = ()
    appends: bool = False
    needs_metrics: bool | Callable[[Mapping[str, Any]], bool] = True
    is_whole: bool = False

    def takes_metrics(self, options: Mapping[str, Any]) -> bool:
        """Whether metrics and mean waveforms are needed with some options."""
        needs = self.needs_metrics
        return needs(options) if callable(needs) else needs

    def read_options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All options by name, those that are not given by their defaults.

        Raises
        ------
        ExportError
            If there is no such option, or a value is none.
        """
        known = {option.name: option for option in self.options}
        for name in given:
            if name not in known:
                if not known:
                    raise ExportError(f"no option {name!r}: the format {self.name} has none.")
                raise ExportError(no_such("option", repr(name), known))
        return {
            name: option.read(given[name]) if name in given else option.default
            for name, option in known.items()
        }


def needed(module: str, extra: str) -> Any:
    """A module of a package that only some exports take.

    Parameters
    ----------
    module : str
    extra : str
        The extra of this program that installs it.

    Raises
    ------
    ExportError
        If it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ExportError(
            f"this export needs {package}, which cannot be imported ({error}): "
            f"pip install 'phygui[{extra}]'."
        ) from error
