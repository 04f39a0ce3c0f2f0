"""The glossary: what it names exists, a word has one entry, and words that were given up do not come back."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import flagkeeper

PAGE = Path("docs/glossary.md")
SOURCE = Path(flagkeeper.__file__).parent
RETIRED = frozenset({"bell", "courier", "gate", "door", "sight", "fate", "front", "book", "turn"})

_ENTRY = re.compile(r"- \*\*(?P<term>[^*]+)\*\*(?: \(`(?P<named>[\w.]+)`\))?: .+")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def entries() -> list[re.Match[str]]:
    return [_read(each) for each in re.split(r"\n(?=- |\n|#)", PAGE.read_text()) if each.startswith("- ")]


def _read(text: str) -> re.Match[str]:
    found = _ENTRY.fullmatch(text.strip().replace("\n", " "))
    assert found is not None, f"this is no entry: {text}"
    assert text.strip().count("\n") < 2, f"an entry has two lines at most: {text}"
    return found


def find(name: str) -> object:
    """A module or something in one. Raises `LookupError`."""
    parts = ["flagkeeper", *name.split(".")]
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            if not hasattr(found, part):
                raise LookupError(name)
            found = getattr(found, part)
        return found
    raise LookupError(name)


def declared() -> Iterator[tuple[str, str]]:
    """Where a module or class is declared, and its name."""
    for path in SOURCE.rglob("*.py"):
        if "migrations" in path.parts:
            continue
        yield str(path), path.stem
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                yield f"{path}:{node.lineno}", node.name


def test_every_term_has_one_entry() -> None:
    terms = [each["term"] for each in entries()]
    assert len(terms) >= 50
    assert sorted(terms) == sorted(set(terms))


@pytest.mark.parametrize("named", [each["named"] for each in entries() if each["named"]])
def test_what_the_glossary_names_exists(named: str) -> None:
    find(named)


def test_a_name_that_does_not_exist_is_noticed() -> None:
    for wrong in ("eventlog.unit.Unity", "eventlog.bell", "nothing"):
        with pytest.raises(LookupError):
            find(wrong)


def test_retired_words_do_not_come_back() -> None:
    found = {place: name for place, name in declared() if RETIRED & {word.lower() for word in _WORDS.findall(name)}}
    assert found == {}
    assert RETIRED & {word.lower() for word in _WORDS.findall("OpenGate")}
