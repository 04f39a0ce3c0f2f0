"""Changing tags and tag types, on both databases."""

import psycopg
import pytest

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.features.flags.commands import tags as flag_tags
from flagkeeper.features.flags.queries import tags_of_flags
from flagkeeper.features.tags import commands, queries
from flagkeeper.features.tags.model import TagType, TagTypeChange
from flagkeeper.kernel.errors import BadData, LimitExceeded, NameExists, NotFound
from tests import flags
from tests.log import Log

CORE = Tag("simple", "core", "#FFFFFF")


@pytest.fixture
def seeded(log: Log) -> Log:
    log.run(commands.seed)
    return log


@pytest.mark.causes("tag-type-created", action="first start")
def test_a_new_server_has_the_type_simple(seeded: Log) -> None:
    seeded.run(commands.seed)
    assert [each.name for each in seeded.read(queries.all_tag_types)] == ["simple"]
    (event,) = seeded.events(limit=10)
    assert event.type == "tag-type-created"


def test_a_flag_gets_a_tag_that_is_made_once(seeded: Log) -> None:
    flags.seed(seeded)
    for flag in ("a", "b"):
        flags.make(seeded, flag)
        assert seeded.run(flag_tags.add, flag, Tag("simple", " core ")) == CORE
    created = seeded.events("type:tag-created", limit=10)
    assert [(each.feature_name, each.project, each.data) for each in created] == [
        ("a", None, '{"type":"simple","value":"core"}')
    ]


def test_a_tag_of_an_unknown_type(seeded: Log) -> None:
    with pytest.raises(BadData) as caught:
        seeded.run(commands.create_tag, Tag("nobody", "core"))
    assert caught.value.details[0].path == "/body/type"
    assert seeded.read(queries.all_tags) == []


def test_names_are_taken_once(seeded: Log) -> None:
    seeded.run(commands.create_tag, CORE)
    with pytest.raises(NameExists):
        seeded.run(commands.create_tag, CORE)
    with pytest.raises(NameExists):
        seeded.run(commands.create_type, TagType(name="simple", description="", icon=None, color=None))
    assert seeded.count() == 2


def test_a_type_that_stays_the_same_is_not_recorded(seeded: Log) -> None:
    seeded.run(commands.update_type, "simple", TagTypeChange(color="#FFFFFF"))
    assert seeded.count() == 1


def test_unknown_types_are_not_found(seeded: Log) -> None:
    with pytest.raises(NotFound):
        seeded.run(commands.update_type, "nobody", TagTypeChange())
    with pytest.raises(NotFound):
        seeded.read(queries.tag_type, "nobody")


def test_more_flags_than_a_unit_can_hold_keep_their_tag(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    flags.seed(log)
    for name in ("a", "b", "c"):
        flags.make(log, name)
        log.run(flag_tags.add, name, CORE)
    before = log.count()
    monkeypatch.setattr("flagkeeper.eventlog.unit.LARGEST_UNIT", 3)
    with pytest.raises(LimitExceeded):
        log.run(commands.delete_tag, "simple", "core", flag_tags.untag_everywhere)
    assert log.count() == before
    assert log.read(queries.all_tags) == [CORE]
    assert set(log.read(tags_of_flags, ["a", "b", "c"])) == {"a", "b", "c"}


def test_another_process_that_takes_the_name_first_wins(postgresql_url: str) -> None:
    """Two replicas create the same type at once: the second one waits, and learns that the name is taken."""
    log = Log(postgresql_url)
    try:
        with psycopg.connect(postgresql_url) as other:
            other.execute("INSERT INTO tag_types (name, description) VALUES ('team', '')")
            waiting = log.submit(commands.create_type, TagType(name="team", description="", icon=None, color=None))
            other.commit()
        with pytest.raises(NameExists):
            waiting.result(timeout=30)
    finally:
        log.close()
