"""docs/events.md: what the generator reads from tests, what it refuses, and that the page is up to date."""

from pathlib import Path

import pytest

from flagkeeper.eventlog.catalogue import EVENTS
from tools import document_events
from tools.document_events import BadMark, Shown, page, read_marks

ROUTE = "POST /api/admin/projects/{projectId}/features"


def marks_in(source: str, folder: Path) -> dict[str, list[Shown]]:
    tests = folder / "tests"
    (tests / "api").mkdir(parents=True, exist_ok=True)
    (tests / "api/test_flags.py").write_text(source)
    return read_marks(tests)


def test_a_mark_names_types_an_action_and_its_test(tmp_path: Path) -> None:
    source = (
        f'@pytest.mark.causes("feature-created", "feature-tagged", action="{ROUTE}")\nasync def test_create(): ...\n'
    )
    expected = [Shown(ROUTE, "tests/api/test_flags.py::test_create")]
    assert marks_in(source, tmp_path) == {"feature-created": expected, "feature-tagged": expected}


def test_marks_stand_on_classes_methods_and_parameters_too(tmp_path: Path) -> None:
    source = """
@pytest.mark.causes("tag-created", action="first start")
class TestTags:
    @mark.causes("tag-deleted", action="POST /b")
    @mark.causes("tag-deleted", action="POST /c")
    def test_delete(self): ...

@pytest.mark.parametrize("path", [pytest.param("x", marks=pytest.mark.causes("tag-import", action="PUT /d"))])
def test_import(path): ...
"""
    file = "tests/api/test_flags.py"
    assert marks_in(source, tmp_path) == {
        "tag-created": [Shown("first start", f"{file}::TestTags")],
        "tag-deleted": [
            Shown("POST /b", f"{file}::TestTags::test_delete"),
            Shown("POST /c", f"{file}::TestTags::test_delete"),
        ],
        "tag-import": [Shown("PUT /d", f"{file}::test_import")],
    }


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ('"project-access-added", action="creating a project"', "is no route"),
        ('"feature-created", action="POST /api/x, with a tag"', "is no route"),
        ('"feature-teleported", action="POST /a"', "no event type 'feature-teleported'"),
        ('"feature-created"', 'is written causes("type"'),
        ('action="a"', 'is written causes("type"'),
        ('"feature-created", action="GET /a", by="b"', 'is written causes("type"'),
        ('NAME, action="a"', "plain strings only"),
        ('"feature-created", action=f"{a}"', "plain strings only"),
    ],
)
def test_a_mark_that_cannot_be_read_is_an_error(arguments: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(BadMark, match=r"^tests/api/test_flags\.py:1: ") as error:
        marks_in(f"@pytest.mark.causes({arguments})\ndef test_it(): ...\n", tmp_path)
    assert complaint in str(error.value)


def test_the_page_has_a_row_for_every_type() -> None:
    rows = {line.split("`")[1]: line for line in page({}).splitlines() if line.startswith("| `")}
    assert list(rows) == sorted(EVENTS, key=list(rows).index)
    assert all(row.endswith("| not yet | not yet |") for row in rows.values())
    assert {row.count(" | ") for row in rows.values()} == {8}


def test_a_row_says_what_a_type_is() -> None:
    text = page({"feature-untagged": [Shown("a | b", "tests/t.py::one"), Shown("c", "tests/t.py::one")]})
    row = next(line for line in text.splitlines() if line.startswith("| `feature-untagged`"))
    assert row == (
        "| `feature-untagged` | Flag untagged | featureName, project | {type, value} | null | yes | slack-app, webhook "
        r"| `a \| b`<br>`c` | `tests/t.py::one` |"
    )


@pytest.mark.slow
def test_a_stale_page_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(document_events, "PAGE", tmp_path / "events.md")
    assert document_events.main(["--check"]) == 1
    assert "+# Events" in capsys.readouterr().out
    document_events.main([])
    (tmp_path / "events.md").write_text(capsys.readouterr().out)
    assert document_events.main(["--check"]) == 0
    assert capsys.readouterr().out == ""
