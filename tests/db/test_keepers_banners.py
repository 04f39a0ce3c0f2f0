"""The laws of keepers and steps, on banners."""

from flagkeeper.features.banners import commands
from flagkeeper.features.banners.model import BannerDraft
from flagkeeper.kernel.errors import BadData, NotFound
from tests.keeping import StandingIn, check_removals, check_steps
from tests.log import Log
from tests.story import Change, attempt, tell

KINDS = {"banner"}
PORTS = StandingIn({})
STORY: list[Change] = [
    lambda unit: commands.create(unit, BannerDraft(message="one")),
    lambda unit: commands.create(unit, BannerDraft(message="two", link="dialog", dialog="More", enabled=False)),
    lambda unit: commands.switch(unit, 1, enabled=False),
    lambda unit: commands.switch(unit, 1, enabled=False),
    lambda unit: commands.update(unit, 2, BannerDraft(message="two and a half"), switches=False),
    lambda unit: commands.update(unit, 2, BannerDraft(message="two and a half", variant="error")),
    lambda unit: commands.delete(unit, 1),
]


def test_every_command(log: Log) -> None:
    tell(log, STORY, kinds=KINDS)
    assert check_steps(log, PORTS, kinds=KINDS) == 4
    assert check_removals(log, PORTS, kinds=KINDS) >= 1


def test_what_is_refused_is_refused_in_a_rehearsal_too(log: Log) -> None:
    assert isinstance(attempt(log, lambda unit: commands.delete(unit, 7), kinds=KINDS), NotFound)
    wrong = attempt(log, lambda unit: commands.create(unit, BannerDraft(message="")), kinds=KINDS)
    assert isinstance(wrong, BadData)
