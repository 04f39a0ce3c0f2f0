"""What code cites is in the repository: a reader finds it without asking."""

import re
from pathlib import Path

import flagkeeper

SOURCE = Path(flagkeeper.__file__).parent
ROOT = SOURCE.parent.parent
_CITED = re.compile(r"[\w./-]*\w\.md\b")


def missing(text: str, root: Path) -> list[str]:
    return [each for each in _CITED.findall(text) if not any((root / at / each).is_file() for at in ("", "docs"))]


def test_every_document_that_code_cites_exists() -> None:
    found = {str(path.relative_to(ROOT)): missing(path.read_text(), ROOT) for path in SOURCE.rglob("*.py")}
    assert {path: names for path, names in found.items() if names} == {}


def test_a_document_that_is_not_there_is_noticed() -> None:
    assert missing("As docs/adr/README.md and settings.md say; see docs/adr/0000-gone.md and facts.md.", ROOT) == [
        "docs/adr/0000-gone.md",
        "facts.md",
    ]
