"""Conditions on attributes of spikes: filter lines that are evaluated for many at once."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from simpleeval import InvalidExpression, SimpleEval

from phygui.curation.navigation.row_filter import MAX_LENGTH, TOO_DEEP, FilterError, parsed

Operator = Callable[..., Any]


class SpikeFilter:
    """A condition such as ``amplitude < 120 and time > 60``, of numbers and attributes only.

    A comparison with what is not known of a spike is false.

    Parameters
    ----------
    text : str
        The condition.
    names : iterable of str
        The names that may stand in it.
    headings : mapping of str to str, optional
        Other ways to write some of them, as for :class:`~.row_filter.Filter`.

    Raises
    ------
    FilterError
        If it cannot be parsed, holds an unknown name or none, or is no condition.
    """

    def __init__(
        self, text: str, names: Iterable[str], headings: Mapping[str, str] | None = None
    ) -> None:
        self.text = " ".join(text.split())
        if not self.text:
            raise FilterError("a condition is needed, such as amplitude < 120")
        if len(self.text) > MAX_LENGTH:
            raise FilterError(f"the condition is longer than {MAX_LENGTH} characters")
        try:
            self._tree = parsed(self.text, set(names), headings or {}, "attribute")
        except (RecursionError, MemoryError):
            raise FilterError(TOO_DEEP) from None
        for node in ast.walk(self._tree):
            is_text = isinstance(node, ast.Constant) and not isinstance(node.value, int | float)
            if is_text or not isinstance(node, _ALLOWED):
                what = ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
                raise FilterError(
                    f"{what}: only comparisons of attributes with numbers are possible"
                )
        if not self.names():
            raise FilterError(f"{self.text}: no attribute of spikes is in this condition")
        if not _is_condition(self._tree):
            raise FilterError(f"{self.text} is no condition: compare it, such as {self.text} < 120")
        self._evaluator = _Evaluator()

    def names(self) -> set[str]:
        """Names that stand in the condition."""
        return {node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name)}

    def __call__(self, values: Mapping[str, NDArray[Any]], n: int) -> NDArray[np.bool_]:
        """For which spikes it holds.

        Parameters
        ----------
        values : mapping of str to array (n,)
            The attributes by name; NaN where one is not known.
        n : int
            Number of spikes.

        Returns
        -------
        array of bool (n,)
        """
        self._evaluator.names = dict(values)
        try:
            with np.errstate(all="ignore"):
                found = self._evaluator.eval(self.text, previously_parsed=self._tree)
        except (InvalidExpression, ValueError, TypeError, ArithmeticError) as error:
            raise FilterError(str(error)) from None
        except RecursionError:
            raise FilterError(TOO_DEEP) from None
        return np.broadcast_to(np.asarray(found, np.bool_), (n,))


class _Evaluator(SimpleEval):  # type: ignore[misc]  # simpleeval has no types
    """Evaluates for arrays, where Python itself asks for the truth of one value."""

    def __init__(self) -> None:
        super().__init__(operators=_OPERATORS, functions={}, names={})
        self.nodes[ast.BoolOp] = self._all_or_any
        self.nodes[ast.Compare] = self._compared

    def _all_or_any(self, node: ast.BoolOp) -> Any:
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return join.reduce(np.broadcast_arrays(*(self._eval(value) for value in node.values)))

    def _compared(self, node: ast.Compare) -> Any:
        sides = [self._eval(side) for side in (node.left, *node.comparators)]
        found: Any = True
        for left, sign, right in zip(sides, node.ops, sides[1:], strict=False):
            known = np.isfinite(left) & np.isfinite(right)
            found = found & self.operators[type(sign)](left, right) & known
        return found


_OPERATORS: dict[type[ast.AST], Operator] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: np.true_divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: np.logical_not,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ALLOWED = (
    *_OPERATORS,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.UnaryOp,
    ast.BinOp,
    ast.Compare,
    ast.Name,
    ast.Load,
    ast.Constant,
)


def _is_condition(node: ast.AST) -> bool:
    """Whether an expression is true or false, and no number."""
    if isinstance(node, ast.BoolOp):
        return all(map(_is_condition, node.values))
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not) and _is_condition(node.operand)
    return isinstance(node, ast.Compare)
