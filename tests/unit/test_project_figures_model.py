"""What follows from the days of a project: which days count, and how long flags take."""

from flagkeeper.kernel import clock
from flagkeeper.readmodels.project_figures.model import WINDOW, Day, LeadTime, average, lead_time, stats

TODAY = 20_000


def test_a_window_is_thirty_days_with_today_and_so_is_the_one_before() -> None:
    days = {
        TODAY + 1: Day(1, 0, 0, 0),
        TODAY: Day(10, 1, 0, 5),
        TODAY - WINDOW + 1: Day(100, 0, 2, 50),
        TODAY - WINDOW: Day(1_000, 3, 0, 500),
        TODAY - 2 * WINDOW + 1: Day(10_000, 0, 4, 5_000),
        TODAY - 2 * WINDOW: Day(100_000, 5, 5, 5),
    }
    found = stats(days, [], TODAY)
    assert (found.events, found.created, found.archived, found.members_added) == (110, 1, 2, 55)
    assert (found.events_before, found.created_before, found.archived_before) == (11_000, 3, 4)
    assert found.time_to_production == 0


def test_flags_that_reached_production_lately_say_how_long_it_takes() -> None:
    first = (TODAY - WINDOW + 1) * clock.DAY
    lately, earlier = LeadTime("a", 2.0, first), LeadTime("b", 90.0, first - 1)
    assert stats({}, [lately, earlier, LeadTime("c", 3.0, TODAY * clock.DAY)], TODAY).time_to_production == 2.5
    assert stats({}, [earlier], TODAY).time_to_production == 0


def test_a_lead_time_is_in_days() -> None:
    assert lead_time("a", 5, 5 + 36 * clock.HOUR) == LeadTime("a", 1.5, 5 + 36 * clock.HOUR)
    assert lead_time("a", 0, clock.DAY // 20 * 3).days == 0.1
    assert average([LeadTime("a", 1.0, 0), LeadTime("b", 2.0, 0), LeadTime("c", 2.0, 0)]) == 1.7
    assert average([]) == 0
