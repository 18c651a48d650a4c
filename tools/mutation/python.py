"""The mutants of a Python module."""

import ast
from collections.abc import Iterator
from itertools import pairwise

from tools.mutation.mutant import Mutant
from tools.mutation.operators import ARITHMETIC, ORDERS

_BINARY = {symbol: tuple("//" if s == "/" else s for s in others) for symbol, others in ARITHMETIC.items()}
_BINARY["//"] = ("*",)

_OPERATORS: dict[type[ast.AST], tuple[str, tuple[str, ...]]] = {
    ast.Add: ("+", _BINARY["+"]),
    ast.Sub: ("-", _BINARY["-"]),
    ast.Mult: ("*", _BINARY["*"]),
    ast.Div: ("/", ("*",)),
    ast.FloorDiv: ("//", _BINARY["//"]),
    ast.Mod: ("%", _BINARY["%"]),
    ast.Pow: ("**", _BINARY["**"]),
    ast.LShift: ("<<", _BINARY["<<"]),
    ast.RShift: (">>", _BINARY[">>"]),
    ast.BitAnd: ("&", _BINARY["&"]),
    ast.BitOr: ("|", _BINARY["|"]),
    ast.BitXor: ("^", _BINARY["^"]),
    ast.Lt: ("<", ORDERS["<"]),
    ast.LtE: ("<=", ORDERS["<="]),
    ast.Gt: (">", ORDERS[">"]),
    ast.GtE: (">=", ORDERS[">="]),
    ast.Eq: ("==", ORDERS["=="]),
    ast.NotEq: ("!=", ORDERS["!="]),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: ("is not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: ("not in", ("in",)),
    ast.And: ("and", ("or",)),
    ast.Or: ("or", ("and",)),
}

_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}


class _Text:
    """Where things stand in a source, in bytes."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._starts[node.lineno - 1] + node.col_offset, self._starts[node.end_lineno - 1] + node.end_col_offset

    def between(self, left: ast.expr, right: ast.expr, symbol: str) -> tuple[int, int]:
        """Where the operator `symbol` stands between two operands."""
        start = self.source.index(symbol.encode(), self.span(left)[1], self.span(right)[0])
        return start, start + len(symbol)


def mutants(path: str, source: bytes) -> Iterator[Mutant]:
    """Of operators, conditions, numbers, texts that are hashed, and statements, once each.

    Not of annotations, decorators and documentation, of what an error says, or of `strict`, a check of the code itself.
    """
    text = _Text(source)
    seen = set()
    for node in _code(ast.parse(source)):
        for start, end, becomes in _replacements(node, text):
            if (start, end, becomes) not in seen:
                seen.add((start, end, becomes))
                yield Mutant.of(path, source, start, end, becomes)


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that decide anything."""
    yield node
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list") or isinstance(node, ast.Raise | ast.JoinedStr):
            continue
        for child in value if isinstance(value, list) else [value]:
            documentation = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            strict = isinstance(child, ast.keyword) and child.arg == "strict"
            if isinstance(child, ast.AST) and not documentation and not strict and not _is_alias(child):
                yield from _code(child)


def _is_alias(node: ast.AST) -> bool:
    """`Name = dict[...]`: a type."""
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript) and _names_type(node.value)


def _names_type(node: ast.Subscript) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("dict", "list", "tuple")


def _replacements(node: ast.AST, text: _Text) -> Iterator[tuple[int, int, str]]:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            yield from _swapped(text, left, op, right)
        case ast.Compare(left=left, ops=ops, comparators=others):
            for (before, after), order in zip(pairwise([left, *others]), ops, strict=True):
                yield from _swapped(text, before, order, after)
        case ast.BoolOp(op=op, values=values):
            for before, after in pairwise(values):
                yield from _swapped(text, before, op, after)
        case ast.AugAssign(target=target, op=op, value=value):
            yield from _swapped(text, target, op, value)
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert() as op):
            start, _ = text.span(node)
            yield start, start + len("not" if isinstance(op, ast.Not) else "-"), ""
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield from _negated(text, test)
        case ast.comprehension(ifs=tests):
            for test in tests:
                yield from _negated(text, test)
        case ast.Constant(value=bool() as value):
            yield *text.span(node), str(not value)
        case ast.Constant(value=int()):
            start, end = text.span(node)
            yield start, end, f"({text.source[start:end].decode()} + 1)"
        case ast.Constant(value=str() | bytes()):
            start, end = text.span(node)
            if text.source[end - 1 : end] in b"\"'" and text.source[start : start + 3] not in (b'"""', b"'''"):
                yield end - 1, end - 1, "~"
        case ast.Call(func=ast.Name(id=name) as function) if name in _CALLS:
            yield *text.span(function), _CALLS[name]
        case ast.Continue():
            yield *text.span(node), "break"
        case ast.Break():
            yield *text.span(node), "continue"
        case ast.Expr(value=ast.Call()) | ast.Raise():
            yield *text.span(node), "pass"
        case _:
            return


def _swapped(text: _Text, left: ast.expr, op: ast.AST, right: ast.expr) -> Iterator[tuple[int, int, str]]:
    symbol, others = _OPERATORS[type(op)]
    start, end = text.between(left, right, symbol)
    yield from ((start, end, other) for other in others)


def _negated(text: _Text, test: ast.expr) -> Iterator[tuple[int, int, str]]:
    if not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp):
        start, end = text.span(test)
        yield start, end, f"(not ({text.source[start:end].decode()}))"
