"""Keeps modules and HTTP handlers small enough to be read in one go.

    python tools/size_limits.py [PACKAGE]      PACKAGE is a folder, by default src/flagkeeper

Lines are counted as an editor shows them, comments and blank ones too. `__init__` modules and migrations do not count:
the first are mostly empty, the second are never edited.
"""

import argparse
import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

MEDIAN = 120
NINE_IN_TEN = 350
LARGEST = 500
HANDLER = 15

ROUTE_DECORATORS = {"get", "post", "put", "patch", "delete", "head", "route"}


def modules(package: Path) -> dict[Path, int]:
    """Every module that counts, and its lines."""
    return {
        path: len(path.read_text().splitlines())
        for path in sorted(package.rglob("*.py"))
        if path.name != "__init__.py" and "migrations" not in path.parts
    }


def handlers(package: Path) -> Iterator[tuple[str, int]]:
    """Every function of a slice that serves a route, and the lines of its body without its docstring."""
    for path in sorted({*package.glob("*/*/*api*.py"), *package.glob("*/*/api/**/*.py"), *package.glob("web/*.py")}):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and any(map(_is_route, node.decorator_list)):
                body = node.body[1:] if ast.get_docstring(node) is not None else node.body
                yield f"{path}:{node.lineno} {node.name}", _length(body)


def _length(body: list[ast.stmt]) -> int:
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _is_route(decorator: ast.expr) -> bool:
    """`@get(...)`, and `@routes.get(...)`."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return name in ROUTE_DECORATORS


def broken(package: Path) -> tuple[str, list[str]]:
    """One line of figures, and what is too large."""
    lines = modules(package)
    served = dict(handlers(package))
    sizes = sorted(lines.values()) or [0]
    median = statistics.median(sizes)
    nine_in_ten = sizes[min(len(sizes) - 1, round(len(sizes) * 0.9))]
    longest = max(served.values(), default=0)
    figures = (
        f"{len(lines)} modules: median {median:g} lines (limit {MEDIAN}), nine in ten below {nine_in_ten} "
        f"({NINE_IN_TEN}), largest {sizes[-1]} ({LARGEST}); {len(served)} handlers: longest {longest} ({HANDLER})"
    )
    found = [f"{path}: {size} lines, limit {LARGEST}" for path, size in lines.items() if size > LARGEST]
    found += [f"{name}: a handler of {size} lines, limit {HANDLER}" for name, size in served.items() if size > HANDLER]
    if median > MEDIAN:
        found.append(f"half of the modules have more than {MEDIAN} lines")
    if nine_in_ten > NINE_IN_TEN:
        found.append(f"one module in ten has more than {NINE_IN_TEN} lines")
    return figures, found


def main() -> int:
    parser = argparse.ArgumentParser(description="Check the sizes of modules and handlers.")
    parser.add_argument("package", nargs="?", type=Path, default=Path("src/flagkeeper"))
    figures, found = broken(parser.parse_args().package)
    print(figures)
    for each in found:
        print(f"TOO LARGE: {each}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
