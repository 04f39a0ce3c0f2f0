"""The laws of keepers and steps, on charts."""

from typing import Any

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.charts import commands
from flagkeeper.features.charts.model import ChartDraft
from flagkeeper.features.charts.ports import CHARTED_FLAG
from flagkeeper.features.charts.queries import Place
from tests.keeping import StandingIn, check_removals, check_steps
from tests.log import Log
from tests.story import Change, tell

KINDS = {"impact-metric"}
PLACE = Place("default", "checkout")
DRAFT = ChartDraft(metric_name="m", time_range="day", aggregation_mode="sum", y_axis_min="auto", label_selectors={})
OTHER = ChartDraft(
    metric_name="n",
    time_range="hour",
    aggregation_mode="p95",
    y_axis_min="zero",
    label_selectors={"a": ["*"]},
    title="T",
)


def there(_tx: Any, flag: str) -> str | None:
    return PLACE.project if flag == PLACE.flag else None


def test_every_command(log: Log) -> None:
    made: dict[str, str] = {}

    def create(name: str, place: Place | None) -> Change:
        def change(unit: Unit) -> None:
            made[name] = commands.create(unit, place, DRAFT, there).id

        return change

    story: list[Change] = [
        create("own", PLACE),
        create("none", None),
        lambda unit: commands.update(unit, PLACE, made["own"], OTHER, there),
        lambda unit: commands.change(unit, made["own"], DRAFT, there),
        lambda unit: commands.update(unit, None, made["none"], OTHER, there),
        lambda unit: commands.delete(unit, None, made["none"], there),
        create("gone", PLACE),
        lambda unit: commands.delete_of_flag(unit, "checkout", "default"),
        create("last", PLACE),
    ]
    tell(log, story, kinds=KINDS)
    ports = StandingIn({CHARTED_FLAG: there})
    assert check_steps(log, ports, kinds=KINDS) == 6
    assert check_removals(log, ports, kinds=KINDS) >= 1
