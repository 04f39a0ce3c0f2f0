"""Small faults that can be put into a module: each is one change of its text.

What logs, types, annotations and texts say, and whether something is logged, is left alone: tests need not notice that.
So are floats: they are seconds, parts of seconds, and the borders of histograms, and how long something takes is for
benchmarks. That nothing waits at all, or for ever, is a fault like others: a call of `sleep` that is gone, a time-out
that never comes.
"""

import ast
import difflib
import re
from typing import NamedTuple

COMPARISONS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==",
    "in": "not in", "not in": "in", "is": "is not", "is not": "is",
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "//"), ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "+"),
}  # fmt: skip
OTHERS = {"min": "max", "max": "min", "any": "all", "all": "any"}
_COMPARISON = re.compile(rb"not\s+in|is\s+not|<=|>=|==|!=|<|>|in|is")
_LOGS = ("log.", "logger.")
_TEXTS = (ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp)


class Mutation(NamedTuple):
    """The bytes from `start` to `end` of a module become `text`."""

    start: int
    end: int
    text: str
    line: int
    within: str = ""
    """The innermost function around it, or the constant that a module assigns."""

    def apply(self, source: bytes) -> bytes:
        return source[: self.start] + self.text.encode() + source[self.end :]

    def changed(self, source: bytes) -> tuple[str, str]:
        """The lines that it touches, before and after, with single spaces between their words."""
        first = source.rfind(b"\n", 0, self.start) + 1
        last = source.find(b"\n", self.end)
        last = len(source) if last < 0 else last
        before = source[first:last]
        after = source[first : self.start] + self.text.encode() + source[self.end : last]
        return " ".join(before.decode().split()), " ".join(after.decode().split())

    def diff(self, source: bytes, name: str) -> str:
        old, new = (text.decode().splitlines(keepends=True) for text in (source, self.apply(source)))
        return "".join(difflib.unified_diff(old, new, name, name, n=2))


def mutations(source: bytes) -> list[Mutation]:
    """Every fault that can be put into the text of a module, in its order, each once."""
    visitor = _Visitor(source)
    visitor.visit(ast.parse(source))
    return sorted(set(visitor.found))


class _Visitor(ast.NodeVisitor):
    def __init__(self, source: bytes) -> None:
        self.found: list[Mutation] = []
        self._source = source
        self._within = ""
        self._lines = [0]
        for line in source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def _at(self, line: int, column: int) -> int:
        return self._lines[line - 1] + column

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset)

    def _text(self, node: ast.expr | ast.stmt) -> str:
        start, end = self._span(node)
        return self._source[start:end].decode()

    def _replace(self, node: ast.expr | ast.stmt, text: str) -> None:
        start, end = self._span(node)
        self.found.append(Mutation(start, end, text, node.lineno, self._within))

    def _between(self, left: ast.expr, right: ast.expr, pattern: re.Pattern[bytes], new: str | None = None) -> None:
        """Replaces the operator that stands between two expressions."""
        start, end = self._span(left)[1], self._span(right)[0]
        operator = pattern.search(self._source, start, end)
        assert operator is not None, self._source[start:end]
        text = new or COMPARISONS[" ".join(operator.group().decode().split())]
        self.found.append(Mutation(operator.start(), operator.end(), text, left.lineno, self._within))

    # What is left alone.

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._assign(node.target, node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self.visit(target)
        self._assign(node.targets[0], node.value)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        outer, self._within = self._within, self._within or self._text(target)
        self.visit(value)
        self._within = outer

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.name == "__repr__":
            return
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        outer, self._within = self._within, node.name
        for statement in node.body:
            self.visit(statement)
        self._within = outer

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            self.visit(statement)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """What a text says is not for tests."""

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not (isinstance(node.value, ast.Name) and node.value.id[0].isupper()):  # `Query[Any]` is a type
            self.generic_visit(node)

    # What is changed.

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, right in zip([node.left, *node.comparators], node.comparators, strict=False):
            self._between(left, right, _COMPARISON)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._between(left, right, re.compile(rb"\b" + old.encode() + rb"\b"), new)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        signs = ARITHMETIC.get(type(node.op))
        texts = any(isinstance(side, _TEXTS) and not _is_number(side) for side in (node.left, node.right))
        if signs and not texts:
            self._between(node.left, node.right, re.compile(re.escape(signs[0]).encode()), signs[1])
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._replace(node, f"({self._text(node.operand)})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if node.value is True or node.value is False:
            self._replace(node, str(not node.value))
        elif type(node.value) is int:
            self._replace(node, f"({self._text(node)} + 1)")

    def visit_If(self, node: ast.If) -> None:
        only_logs = not node.orelse and all(self._text(each).startswith(_LOGS) for each in node.body)
        if self._text(node.test) != "TYPE_CHECKING" and not only_logs:
            self._replace(node.test, "False")
            self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._replace(node.test, "True")
        self._replace(node.test, "False")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if self._text(node.func).startswith(_LOGS):
            return
        if isinstance(node.func, ast.Name) and node.func.id in OTHERS:
            self._replace(node.func, OTHERS[node.func.id])
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Constant):
            return  # a docstring
        if isinstance(value, ast.Call) and not self._text(value.func).startswith(_LOGS):
            self._replace(node, "pass")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._replace(node, "pass")

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not isinstance(node.value, ast.Constant):
            self._replace(node, "return None")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._replace(node, "pass")
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        self._replace(node, "pass")

    def visit_Continue(self, node: ast.Continue) -> None:
        self._replace(node, "pass")


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)
