"""Writes docs/settings.md: every environment variable, and what becomes of it.

python tools/document_settings.py [--check]
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from flagkeeper.environment.variable import Handling, Variable
from flagkeeper.environment.variables import SECTIONS

FILE = Path(__file__).parents[1] / "docs/settings.md"

HEAD = """# Settings

Made by `make docs` from `src/flagkeeper/environment/variables.py`, which is the one list of them.

Settings are environment variables. Every one of Unleash 8.2 is here: what it does, or why the start is refused, or
why nothing depends on it. A value that makes no sense is refused when the server starts, by the name of its variable;
a variable that does nothing here is named in the log at the start; one that begins with `FLAGKEEPER_` or `DATABASE_`
and is not in this list is refused, for it is mistyped.

What is empty counts as not set. Of what is marked with *, the name with `_FILE` at its end may name a file that holds
the value, as Docker and Kubernetes keep secrets. `true`, `t`, `yes`, `on` and `1` mean the same, and so do `false`,
`f`, `no`, `off` and `0`.
"""


def page() -> str:
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield HEAD.rstrip()
    for title, variables in SECTIONS.items():
        yield f"\n## {title}\n"
        honoured = [each for each in variables if each.handling is Handling.HONOURED]
        others = [each for each in variables if each.handling is not Handling.HONOURED]
        if honoured:
            yield "| variable | meaning | default |\n|---|---|---|"
            yield from map(_honoured, honoured)
        if others:
            yield f"{chr(10) if honoured else ''}| variable | here | why |\n|---|---|---|"
            yield from map(_other, others)


def _honoured(each: Variable) -> str:
    return f"| `{each.name}`{' *' if each.secret else ''} | {each.meaning} | {each.default} |"


def _other(each: Variable) -> str:
    if each.handling is Handling.UNNEEDED:
        return f"| `{each.name}` | does nothing | {each.meaning} |"
    harmless = f", unless it is {max(each.harmless, key=len)}" if each.harmless else ""
    return f"| `{each.name}` | refused{harmless} | {each.meaning} |"


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        if not FILE.exists() or FILE.read_text() != page():
            sys.exit(f"{FILE} is not what the list of variables says. Run `make docs`.")
    else:
        FILE.write_text(page())
