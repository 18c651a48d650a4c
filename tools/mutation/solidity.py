"""The mutants of a Solidity source, from the compiler's syntax tree (Yul of assembly blocks included)."""

from collections.abc import Iterator
from typing import Any

from tools.mutation.mutant import Mutant
from tools.mutation.operators import ARITHMETIC, ORDERS

Node = dict[str, Any]
Replacement = tuple[int, int, str]

_BINARY = ARITHMETIC | ORDERS | {"&&": ("||",), "||": ("&&",)}
_YUL = {
    "add": "sub",
    "sub": "add",
    "mul": "div",
    "div": "mul",
    "mod": "div",
    "addmod": "mulmod",
    "mulmod": "addmod",
    "and": "or",
    "or": "and",
    "xor": "and",
    "shl": "shr",
    "shr": "shl",
    "lt": "gt",
    "gt": "lt",
    "eq": "sub",
}
_MEMBERS = {"min": "max", "max": "min", "ceilDiv": "average"}

_NEVER_RUN = ("EventDefinition", "ErrorDefinition", "StructDefinition", "ArrayTypeName", "YulCase")


def mutants(path: str, source: bytes, tree: Node) -> Iterator[Mutant]:
    """Of operators, conditions, numbers, texts that are hashed, modifiers and statements, once each."""
    seen = set()
    for node in _code(tree):
        for start, end, becomes in _replacements(node, source):
            if (start, end, becomes) not in seen:
                seen.add((start, end, becomes))
                yield Mutant.of(path, source, start, end, becomes)


def _code(node: Node) -> Iterator[Node]:
    """The nodes that run."""
    if node.get("nodeType") in _NEVER_RUN or node.get("contractKind") == "interface":
        return
    yield node
    for key, value in node.items():
        if key == "condition" and node["nodeType"] == "YulForLoop" and value["nodeType"] == "YulLiteral":
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, dict) and "nodeType" in child:
                yield from _code(child)


def _span(node: Node) -> tuple[int, int]:
    start, length, _ = map(int, node["src"].split(":"))
    return start, start + length


def _replacements(node: Node, source: bytes) -> Iterator[Replacement]:
    def text(of: Node) -> str:
        start, end = _span(of)
        return source[start:end].decode()

    match node["nodeType"]:
        case "BinaryOperation":
            start = source.index(node["operator"].encode(), _span(node["leftExpression"])[1])
            end = start + len(node["operator"])
            yield from ((start, end, other) for other in _BINARY[node["operator"]])
        case "Assignment" if node["operator"] != "=":
            symbol = node["operator"][:-1]
            start = source.index(node["operator"].encode(), _span(node["leftHandSide"])[1])
            yield from ((start, start + len(symbol), other) for other in ARITHMETIC[symbol])
        case "UnaryOperation" if node["operator"] in ("!", "~", "-"):
            start, _ = _span(node)
            yield start, start + 1, ""
        case "UnaryOperation" if node["operator"] in ("++", "--"):
            start, end = _span(node)
            at = start if node["prefix"] else end - 2
            yield at, at + 2, "--" if node["operator"] == "++" else "++"
        case "Literal" if node["kind"] == "number":
            yield *_span(node), f"({text(node)} + 1)"
        case "Literal" if node["kind"] == "bool":
            yield *_span(node), "false" if node["value"] == "true" else "true"
        case "Literal" if node["kind"] == "string" and node["value"]:
            _, end = _span(node)
            yield end - 1, end - 1, "~"
        case "IfStatement" | "Conditional" | "ForStatement" | "WhileStatement" if node.get("condition"):
            condition = node["condition"]
            if condition["nodeType"] not in ("BinaryOperation", "UnaryOperation"):
                yield *_span(condition), f"!({text(condition)})"
        case "MemberAccess" if node["memberName"] in _MEMBERS and text(node["expression"]) == "Math":
            _, end = _span(node)
            yield end - len(node["memberName"]), end, _MEMBERS[node["memberName"]]
        case "FunctionDefinition" if node["kind"] != "constructor":
            yield from ((*_span(modifier), "") for modifier in node["modifiers"])
        case "ExpressionStatement" | "EmitStatement" | "RevertStatement":
            start, end = _span(node)
            yield start, end + source[end:].startswith(b";"), "{}"
        case "Continue":
            yield *_span(node), "break"
        case "Break":
            yield *_span(node), "continue"
        case "YulFunctionCall" if node["functionName"]["name"] in _YUL:
            yield *_span(node["functionName"]), _YUL[node["functionName"]["name"]]
        case "YulLiteral" if node["kind"] == "number":
            yield *_span(node), f"add({text(node)}, 1)"
        case "YulIf":
            yield *_span(node["condition"]), f"iszero({text(node['condition'])})"
        case "YulExpressionStatement" | "YulAssignment":
            yield *_span(node), "{}"
