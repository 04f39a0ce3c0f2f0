"""No command without faults: each was tried with one at each of its statements, on both databases, by a run of
`tests/tried.py`. `make torture` runs all of them again."""

from tests.faults import commands
from tests.tried import noted


def test_every_command_was_tried_with_faults() -> None:
    missing = sorted(commands().difference(noted()))
    assert not missing, "Run `python -m tests.tried` with tests that call them:\n" + "\n".join(missing)


def test_only_commands_are_noted_each_once() -> None:
    assert noted() == sorted(commands().intersection(noted())), "Take out what is gone: `python -m tests.tried`"


def test_commands_are_found_wherever_they_stand() -> None:
    found = commands()
    assert "features.flags.commands.create.create" in found
    assert "features.tags.commands.create_tag" in found
    assert "readmodels.insights.jobs.note" in found
    assert "features.flags.commands.create.copies" not in found, "it takes no unit"
