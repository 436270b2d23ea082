"""Filter lines: expressions over the columns of the cluster table, evaluated safely."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from simpleeval import EvalWithCompoundTypes, InvalidExpression

MAX_LENGTH = 500
_TOO_DEEP = "the filter is nested too deeply"


class FilterError(ValueError):
    """A filter line makes no sense; the text says what is wrong with it."""


class Filter:
    """An expression such as ``group == "good" and n_spikes > 1000``.

    Parameters
    ----------
    text : str
        The expression; empty text lets everything pass.
    names : iterable of str
        The names that may stand in it.

    Raises
    ------
    FilterError
        If it cannot be parsed or holds an unknown name.
    """

    def __init__(self, text: str, names: Iterable[str]) -> None:
        self.text = text.strip()
        self._tree: ast.AST | None = None
        if not self.text:
            return
        if len(self.text) > MAX_LENGTH:
            raise FilterError(f"the filter is longer than {MAX_LENGTH} characters")
        try:
            self._tree = _parsed(self.text, set(names))
        except (RecursionError, MemoryError):
            raise FilterError(_TOO_DEEP) from None
        self._evaluator = EvalWithCompoundTypes(names={}, functions={})

    def __call__(self, row: Mapping[str, Any]) -> bool:
        """Whether a row passes; a comparison with a value that is not known is false."""
        if self._tree is None:
            return True
        self._evaluator.names = row
        try:
            return bool(self._evaluator.eval(self.text, previously_parsed=self._tree))
        except TypeError:
            return False
        except (InvalidExpression, ValueError, ArithmeticError, KeyError, IndexError) as error:
            raise FilterError(str(error)) from None
        except RecursionError:
            raise FilterError(_TOO_DEEP) from None

    def names(self) -> set[str]:
        """Names that stand in the expression."""
        if self._tree is None:
            return set()
        return {node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name)}


def _parsed(text: str, known: set[str]) -> ast.AST:
    """The syntax tree of an expression that holds nothing but what a filter may."""
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError) as error:
        raise FilterError(f"not an expression: {getattr(error, 'msg', error)}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in known:
            raise FilterError(f"no column {node.id}; there are {', '.join(sorted(known))}")
        power = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)
        if power or isinstance(node, ast.Call | ast.Attribute | ast.ListComp | ast.Subscript):
            raise FilterError(f"{ast.unparse(node)}: only comparisons of columns are possible")
    return tree.body
