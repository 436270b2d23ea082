"""What a session offers of its parts: their methods and values, with arguments and help."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from operator import attrgetter
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")


def method_of(
    part: str, method: Callable[Concatenate[T, P], R]
) -> Callable[Concatenate[Any, P], R]:
    """A method that calls the one of a part, whatever that part is by then.

    Parameters
    ----------
    part : str
        Name of the attribute that holds the part; of one of a part, with a dot.
    method : callable
        The method as the class of the part has it.
    """
    name, find = method.__name__, attrgetter(part)

    @wraps(method)
    def called(whole: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        result: R = getattr(find(whole), name)(*args, **kwargs)
        return result

    return called


def value_of(part: str, value: Callable[[Any], R]) -> R:
    """A property that reads the one of a part, whatever that part is by then.

    Parameters
    ----------
    part : str
        Name of the attribute that holds the part; of one of a part, with a dot.
    value : property
        The property as the class of the part has it; type checkers see its function.
    """
    read = cast(property, value).fget
    assert read is not None
    name, find = read.__name__, attrgetter(part)

    @wraps(read)
    def found(whole: Any) -> Any:
        return getattr(find(whole), name)

    return cast(R, property(found))
