"""Filter lines: expressions over the columns of the cluster table, evaluated safely."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from simpleeval import EvalWithCompoundTypes, InvalidExpression

from phygui.words import no_such

MAX_LENGTH = 500
TOO_DEEP = "the filter is nested too deeply"

Operator = Callable[..., Any]


class FilterError(ValueError):
    """A filter line makes no sense; the text says what is wrong with it."""


@dataclass(frozen=True)
class Held:
    """A comparison that holds for a row: what is compared, its value, and with what."""

    source: str
    """The left side as it is written: a name, or what is calculated."""
    value: Any
    words: str
    """How they compare, such as "is below"."""
    other: str
    """The right side as it is written, where that is no number."""
    other_value: Any


class Filter:
    """An expression such as ``group == "good" and n_spikes > 1000``.

    It calculates with numbers, and compares numbers with numbers and text with text; ``5%`` is
    0.05. What is
    calculated from a value that is not known is not known either, and a comparison with it is
    false; ``depth == None`` finds the clusters whose depth is not known.

    Parameters
    ----------
    text : str
        The expression; empty text lets everything pass.
    names : iterable of str
        The names that may stand in it.
    headings : mapping of str to str, optional
        Other ways to write some of them, which need be no words, such as ``L-ratio``; large and
        small letters are the same, and a last ``.`` may be left out.

    Raises
    ------
    FilterError
        If it cannot be parsed or holds an unknown name.
    """

    def __init__(
        self, text: str, names: Iterable[str], headings: Mapping[str, str] | None = None
    ) -> None:
        self.text = text.strip()
        self._tree: ast.AST | None = None
        if not self.text:
            return
        if len(self.text) > MAX_LENGTH:
            raise FilterError(f"the filter is longer than {MAX_LENGTH} characters")
        try:
            self._tree = parsed(self.text, set(names), headings or {})
        except (RecursionError, MemoryError):
            raise FilterError(TOO_DEEP) from None
        self._evaluator = EvalWithCompoundTypes(operators=_OPERATORS, names={}, functions={})

    def __call__(self, row: Mapping[str, Any]) -> bool:
        """Whether a row passes.

        Raises
        ------
        FilterError
            If the expression makes no sense for the values of this row.
        """
        if self._tree is None:
            return True
        return bool(self._value(self._tree, row))

    def names(self) -> set[str]:
        """Names that stand in the expression."""
        if self._tree is None:
            return set()
        return {node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name)}

    def compares(self) -> bool:
        """Whether there is a comparison in the expression: without one it tells nothing."""
        return any(True for _ in self._comparisons())

    def check(self, row: Mapping[str, Any]) -> None:
        """Look at each comparison by itself, also where another one decides.

        Raises
        ------
        FilterError
            If one of them makes no sense for the values of a row.
        """
        for node in self._comparisons():
            self._value(node, row)
        self(row)

    def held(self, row: Mapping[str, Any]) -> list[Held]:
        """The comparisons that let a row pass, in their order; those that are negated are not."""
        found = []
        for node in self._comparisons(negated=False):
            sides = [node.left, *node.comparators]
            for left, sign, right in zip(sides, node.ops, sides[1:], strict=False):
                if not self._value(ast.Compare(left, [sign], [right]), row):
                    continue
                a, b, kind = left, right, type(sign)
                if isinstance(left, ast.Constant) and kind in _TURNED:
                    # A number on the left: the other way round it reads better.
                    a, b, kind = right, left, _TURNED[kind]
                if kind in _WORDS:
                    values = self._value(a, row), self._value(b, row)
                    found.append(Held(_source(a), values[0], _WORDS[kind], _source(b), values[1]))
        return found

    def _comparisons(self, *, negated: bool = True) -> Iterator[ast.Compare]:
        """The comparisons of the expression, also those that are negated or not."""
        waiting = [] if self._tree is None else [self._tree]
        while waiting:
            node = waiting.pop(0)
            if isinstance(node, ast.Compare):
                yield node
            elif negated or isinstance(node, ast.BoolOp):
                waiting = [*ast.iter_child_nodes(node), *waiting]

    def _value(self, node: ast.AST, row: Mapping[str, Any]) -> Any:
        """The value of a part of the expression."""
        self._evaluator.names = row
        try:
            return self._evaluator.eval(self.text, previously_parsed=node)
        except FilterError:
            raise
        except (InvalidExpression, ValueError, TypeError, ArithmeticError, LookupError) as error:
            raise FilterError(str(error)) from None
        except RecursionError:
            raise FilterError(TOO_DEEP) from None

    def wanted(self, name: str) -> list[str]:
        """The texts of which one has to be the value of a name, or must not be, in their order."""
        if self._tree is None:
            return []
        found: list[str] = []
        for node in ast.walk(self._tree):
            if not isinstance(node, ast.Compare):
                continue
            sides = [node.left, *node.comparators]
            for left, sign, right in zip(sides, node.ops, sides[1:], strict=False):
                pairs: list[tuple[ast.expr, list[ast.expr]]] = []
                if isinstance(sign, ast.Eq | ast.NotEq):
                    pairs = [(left, [right]), (right, [left])]
                elif isinstance(right, ast.List | ast.Tuple | ast.Set):
                    pairs = [(left, right.elts)]
                for named, values in pairs:
                    if isinstance(named, ast.Name) and named.id == name:
                        texts = (v.value for v in values if isinstance(v, ast.Constant))
                        found += [text for text in texts if isinstance(text, str)]
        return list(dict.fromkeys(found))


# -- values --------------------------------------------------------------------------------


def _kind(value: object) -> str:
    if isinstance(value, Real):
        return "a number"
    if not isinstance(value, str):
        return "a list"
    return f"the text {value!r}" if len(value) <= 40 else "text"


def _calculating(sign: str, function: Operator) -> Operator:
    """Arithmetic with numbers and nothing else: a text can be formatted to any length."""

    def calculate(*values: Any) -> Any:
        for value in values:
            if value is not None and not isinstance(value, Real):
                raise FilterError(f"{sign} calculates with numbers, not with {_kind(value)}")
        return None if None in values else function(*values)

    return calculate


def _comparing(function: Operator, unknown: bool | None = None) -> Operator:
    """Comparison of values of one kind; ``unknown`` is the answer where one is not known."""

    def compare(a: Any, b: Any) -> Any:
        if a is None or b is None:
            return function(a, b) if unknown is None else unknown
        if type(a) is not type(b) and not (isinstance(a, Real) and isinstance(b, Real)):
            raise FilterError(f"{_kind(a)} cannot be compared with {_kind(b)}")
        return function(a, b)

    return compare


def _contains(a: Any, b: Any) -> bool:
    if isinstance(b, list | tuple | set):
        return a in b
    if a is None or b is None:
        return False
    if not (isinstance(a, str) and isinstance(b, str)):
        raise FilterError(f"{_kind(a)} cannot be looked for in {_kind(b)}")
    return a in b


_OPERATORS: dict[type[ast.AST], Operator] = {
    ast.Add: _calculating("+", operator.add),
    ast.Sub: _calculating("-", operator.sub),
    ast.Mult: _calculating("*", operator.mul),
    ast.Div: _calculating("/", operator.truediv),
    ast.FloorDiv: _calculating("//", operator.floordiv),
    ast.Mod: _calculating("%", operator.mod),
    ast.USub: _calculating("-", operator.neg),
    ast.UAdd: _calculating("+", operator.pos),
    ast.Not: operator.not_,
    ast.Lt: _comparing(operator.lt, unknown=False),
    ast.LtE: _comparing(operator.le, unknown=False),
    ast.Gt: _comparing(operator.gt, unknown=False),
    ast.GtE: _comparing(operator.ge, unknown=False),
    ast.Eq: _comparing(operator.eq),
    ast.NotEq: _comparing(operator.ne),
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: _contains,
    ast.NotIn: lambda a, b: not _contains(a, b),
}
_WORDS: dict[type[ast.cmpop], str] = {
    ast.Lt: "is below",
    ast.LtE: "is at most",
    ast.Gt: "is above",
    ast.GtE: "is at least",
    ast.Eq: "is",
    ast.NotEq: "is not",
    ast.In: "is one of",
    ast.NotIn: "is none of",
}
_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
}
_ALLOWED = (
    *_OPERATORS,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.UnaryOp,
    ast.BinOp,
    ast.Compare,
    ast.IfExp,
    ast.Name,
    ast.Load,
    ast.Constant,
    ast.List,
    ast.Tuple,
    ast.Set,
)
"""What may stand in an expression; neither calls nor powers, whose results have no bounds."""


# -- text ----------------------------------------------------------------------------------

_QUOTED = re.compile(r'"[^"]*"?|\'[^\']*\'?')
_PERCENT = re.compile(
    r"(?<![\w.])(\d+\.?\d*|\.\d+)\s*%(?=\s*(?:$|[)\],<>=!]|(?:and|or|if|else|in|not)\b))"
)
"""A share in percent: what follows is no number, else it is a remainder."""
_SLIPS = (
    (re.compile(r"&"), "write 'and' instead of '&'"),
    (re.compile(r"\|"), "write 'or' instead of '|'"),
    (re.compile(r"(?<![=!<>])=(?!=)"), "write '==' to compare, instead of '='"),
)
"""What is often written for something else, and means nothing here."""


def _in_names(text: str, known: set[str], headings: Mapping[str, str]) -> str:
    """An expression in which names stand instead of headings."""
    names = {heading.lower().rstrip("."): name for heading, name in headings.items()}
    if not names:
        return text
    # The longest first: one heading may begin like another.
    choices = "|".join(re.escape(h) for h in sorted(names, key=len, reverse=True))
    # A quote may be the end of a heading, and then begins no text.
    pattern = re.compile(rf"{_QUOTED.pattern}|(?<![\w.])({choices})(?:\.(?!\d)|(?!\w))", re.I)

    def name(found: re.Match[str]) -> str:
        heading = found.group(1)
        if heading is None or heading in known:
            return found.group()
        return names[heading.lower()]

    return pattern.sub(name, text)


def _in_shares(text: str) -> str:
    """An expression in which numbers stand instead of percentages."""
    pieces, start = [], 0
    for quoted in [*_QUOTED.finditer(text), None]:
        end = len(text) if quoted is None else quoted.start()
        pieces.append(_PERCENT.sub(_share, text[start:end]))
        if quoted is not None:
            pieces.append(quoted.group())
            start = quoted.end()
    return "".join(pieces)


def _share(percent: re.Match[str]) -> str:
    return f"{float(percent[1]) / 100:.12f}"


def column_name(word: str, names: Iterable[str], headings: Mapping[str, str]) -> str:
    """The name of the column that a word stands for: its name, or its heading.

    Raises
    ------
    FilterError
        If there is no such column.
    """
    known = set(names)
    name = word if word in known else _in_names(word, known, headings)
    if name not in known:
        raise FilterError(no_such("column", word, sorted(known), headings))
    return name


def parsed(
    text: str, known: set[str], headings: Mapping[str, str], what: str = "column"
) -> ast.AST:
    """The syntax tree of an expression that holds nothing but what a filter may.

    Parameters
    ----------
    text : str
    known : set of str
        The names that may stand in it.
    headings : mapping of str to str
        Other ways to write some of them.
    what : str
        What the names are names of.

    Raises
    ------
    FilterError
        If it makes no sense.
    """
    text = _in_shares(_in_names(text, known, headings))
    bare = _QUOTED.sub("", text)
    for slip, hint in _SLIPS:
        if slip.search(bare):
            raise FilterError(hint)
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise FilterError(f"not an expression: {getattr(error, 'msg', error)}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in known:
            raise FilterError(no_such(what, node.id, sorted(known), headings))
        odd = isinstance(node, ast.Constant) and not isinstance(node.value, str | Real | None)
        if odd or not isinstance(node, _ALLOWED):
            raise FilterError(f"{_source(node)}: only comparisons of {what}s are possible")
    return tree


def _source(node: ast.AST) -> str:
    return ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
