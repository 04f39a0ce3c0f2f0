"""The laws of keepers and steps, on tags and tag types."""

from random import Random

import pytest

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.features.flags import commands as flags
from flagkeeper.features.tags import commands
from flagkeeper.features.tags.model import TagType, TagTypeChange
from flagkeeper.features.tags.ports import TAGGED_FLAGS
from flagkeeper.kernel.errors import BadData, NameExists, NotFound
from tests.flags import make, seed
from tests.keeping import StandingIn, check_steps
from tests.log import Log
from tests.story import SEEDS, Change, attempt, tell

KINDS = {"tag", "tag-type"}
PORTS = StandingIn({TAGGED_FLAGS: flags.untag_everywhere})


def tag_type(name: str, description: str = "", icon: str | None = None, color: str | None = None) -> TagType:
    return TagType(name=name, description=description, icon=icon, color=color)


STORY: list[Change] = [
    commands.seed,
    lambda unit: commands.create_tag(unit, Tag("simple", "core")),
    lambda unit: commands.create_tag(unit, Tag("simple", " a/b c/ü ")),
    lambda unit: commands.delete_tag(unit, "simple", "a/b c/ü", PORTS.answer(TAGGED_FLAGS)),
    lambda unit: commands.create_type(unit, tag_type("team", "Who cares", "T", "#123456")),
    lambda unit: commands.update_type(unit, "team", TagTypeChange(color=None)),
    lambda unit: commands.update_type(unit, "team", TagTypeChange(color=None)),
    lambda unit: commands.update_type(unit, "team", TagTypeChange(description="", icon="t")),
    lambda unit: commands.create_tag(unit, Tag("team", "ops")),
    lambda unit: commands.create_tag(unit, Tag("team", "tag/team")),
    lambda unit: commands.create_type(unit, tag_type("ops")),
    lambda unit: commands.create_tag(unit, Tag("ops", "core")),
    lambda unit: commands.delete_type(unit, "team", PORTS.answer(TAGGED_FLAGS)),
]


def test_every_command(log: Log) -> None:
    tell(log, STORY, kinds=KINDS)
    assert check_steps(log, PORTS, kinds=KINDS) == 6


def test_tags_of_flags(log: Log) -> None:
    """A flag makes tags, and whatever deletes one takes it off the flag; the flag's versions are another matter."""
    seed(log)
    make(log, tags=[{"type": "simple", "value": "core"}, {"type": "simple", "value": "new"}])
    story: list[Change] = [
        lambda unit: commands.update_type(unit, "simple", TagTypeChange(color="#000000")),
        lambda unit: commands.delete_tag(unit, "simple", "core", PORTS.answer(TAGGED_FLAGS)),
        lambda unit: commands.delete_type(unit, "simple", PORTS.answer(TAGGED_FLAGS)),
    ]
    tell(log, story, kinds=KINDS)
    assert check_steps(log, PORTS, kinds=KINDS) == 4


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda unit: commands.create_tag(unit, Tag("simple", "x")), BadData),
        (lambda unit: commands.create_tag(unit, Tag("nothing", "core")), BadData),
        (lambda unit: commands.create_type(unit, tag_type("simple")), NameExists),
        (lambda unit: commands.update_type(unit, "simple", TagTypeChange(color="red")), BadData),
        (lambda unit: commands.delete_type(unit, "nothing", PORTS.answer(TAGGED_FLAGS)), NotFound),
        (lambda unit: commands.delete_tag(unit, "simple", "nothing", PORTS.answer(TAGGED_FLAGS)), NotFound),
    ],
)
def test_what_is_refused_is_refused_in_a_rehearsal_too(log: Log, change: Change, error: type[Exception]) -> None:
    log.run(commands.seed)
    assert isinstance(attempt(log, change, kinds=KINDS), error)


def random_change(dice: Random) -> Change:
    name, word = dice.choice(["simple", "team"]), dice.choice(["aa", "a/b", "a%2Fb"])
    changes: list[Change] = [
        lambda unit: commands.create_tag(unit, Tag(name, word)),
        lambda unit: commands.create_tag(unit, Tag(name, word)),
        lambda unit: commands.delete_tag(unit, name, word, PORTS.answer(TAGGED_FLAGS)),
        lambda unit: commands.create_type(unit, tag_type(name, word)),
        lambda unit: commands.update_type(unit, name, TagTypeChange(description=word, icon=word)),
        lambda unit: commands.delete_type(unit, name, PORTS.answer(TAGGED_FLAGS)),
    ]
    return dice.choice(changes)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens(log: Log, seed: int) -> None:
    log.run(commands.seed)
    dice = Random(seed)
    refused = [attempt(log, random_change(dice), kinds=KINDS) for _ in range(30)]
    assert refused.count(None) > 5
    assert check_steps(log, PORTS, kinds=KINDS) > 3
