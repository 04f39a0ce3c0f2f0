"""What people read about an event: exact sentences where they are more than a filled template."""

from typing import Any

import msgspec
import pytest

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.catalogue import EVENTS, Event
from flagkeeper.eventlog.catalogue.feature import FeatureArchived, FeatureCreated, FeatureMetadataUpdated
from flagkeeper.eventlog.catalogue.feature_strategy import FeatureStrategyAdd, FeatureStrategyUpdate
from flagkeeper.eventlog.catalogue.payload import FlagData, StrategyData, VariantData
from flagkeeper.eventlog.catalogue.project_access import GrantedRole, GrantedRolesData, ProjectAccessAdded
from flagkeeper.eventlog.catalogue.wording import BASE_URL, bold, escape, link, listed, value_at

FLAG = f"**[new-checkout]({BASE_URL}/projects/shop/features/new-checkout)**"
SHOP = f"**[shop]({BASE_URL}/projects/shop)**"
PLACE: dict[str, Any] = {"feature_name": "new-checkout", "project": "shop"}

STRATEGY = StrategyData(
    id="s1",
    name="flexibleRollout",
    title=None,
    disabled=False,
    constraints=[],
    parameters={"rollout": "50", "stickiness": "default", "groupId": "new-checkout"},
    variants=[],
    sort_order=0,
    segments=[],
)
METADATA = FlagData(
    name="new-checkout",
    description=None,
    type="release",
    project="shop",
    stale=False,
    created_at="2026-01-01T00:00:00.000Z",
    last_seen_at=None,
    impression_data=False,
    archived=False,
    archived_at=None,
    variants=[],
)


def changes(**after: Any) -> str:
    """What the summary says about a strategy that has changed in these respects."""
    event = FeatureStrategyUpdate(
        **PLACE, environment="production", data=msgspec.structs.replace(STRATEGY, **after), pre_data=STRATEGY
    )
    sentence, _, differences = event.summary("ann").partition(f"of project {SHOP}")
    assert sentence.startswith("**ann** changed strategy **")
    assert f"** of {FLAG} in environment **production** " in sentence
    return differences.removeprefix(": ")


def constraint(operator: str, **rest: Any) -> str:
    found = changes(constraints=[Constraint(context_name="age", operator=operator, **rest)])
    return found.removeprefix("**constraints** from **none** to **").removesuffix("**")


def test_a_flag_is_linked_while_it_can_be_opened() -> None:
    created = FeatureCreated(**PLACE, data=METADATA)
    assert created.summary("ann") == f"**ann** created {FLAG} in project {SHOP}"
    archived = f"**[new-checkout]({BASE_URL}/projects/shop/archive)**"
    assert FeatureArchived(**PLACE).summary("ann") == f"**ann** moved {archived} to the archive of project {SHOP}"
    deleted = EVENTS["feature-deleted"](**PLACE, pre_data=METADATA)
    assert deleted.summary("ann") == f"**ann** deleted **new-checkout** from project {SHOP}"


def test_a_strategy_goes_by_its_title() -> None:
    place = {**PLACE, "environment": "production"}
    named = FeatureStrategyAdd(**place, data=STRATEGY)
    titled = FeatureStrategyAdd(**place, data=msgspec.structs.replace(STRATEGY, title="Beta testers"))
    assert "added strategy **flexibleRollout** to" in named.summary("ann")
    assert "added strategy **Beta testers** to" in titled.summary("ann")


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({"parameters": {**STRATEGY.parameters, "rollout": "75"}}, "**rollout** from **50%** to **75%**"),
        (
            {"parameters": {"rollout": "50", "stickiness": "userId", "groupId": "g"}},
            "**group id** from **new-checkout** to **g**; **stickiness** from **default** to **userId**",
        ),
        (
            {"parameters": {**STRATEGY.parameters, "IPs": "10.0.0.1, 10.0.0.2"}},
            "**IP addresses** from **none** to **10.0.0.1, 10.0.0.2**",
        ),
        ({"parameters": {**STRATEGY.parameters, "hostNames": "a"}}, "**host names** from **none** to **a**"),
        ({"segments": [1, 2]}, "**segments** from **none** to **1, 2**"),
        ({"segments": list(range(9))}, "**segments** from **none** to **0, 1, 2, 3, 4, 4 more**"),
        ({"title": "Beta"}, "**title** from **none** to **Beta**"),
        ({"disabled": True}, "**disabled**"),
        ({"sort_order": 2}, "**position** from **0** to **2**"),
        ({"name": "other"}, ""),
        (
            {"variants": [VariantData(name="blue", weight=1000, weight_type="variable", stickiness="default")]},
            "**variants** from **none** to **blue**",
        ),
    ],
)
def test_a_strategy_update_lists_the_differences(after: dict[str, Any], words: str) -> None:
    assert changes(**after) == words


@pytest.mark.parametrize(
    ("operator", "rest", "words"),
    [
        ("IN", {"values": ["1", "2"]}, "age is one of 1, 2"),
        ("NOT_IN", {"values": list("abcdefg")}, "age is not one of a, b, c, d, e, 2 more"),
        ("NUM_GTE", {"value": "18"}, "age is at least 18"),
        ("STR_CONTAINS", {"values": ["x"], "case_insensitive": True}, "age contains x (ignoring case)"),
        ("SEMVER_LT", {"value": "2.0.0", "inverted": True}, "not (age is an earlier version than 2.0.0)"),
        ("NEWER_THAN_US", {"value": "1"}, r"age NEWER\_THAN\_US 1"),
        ("IN", {}, "age is one of nothing"),
    ],
)
def test_constraints_are_spelled_out(operator: str, rest: dict[str, Any], words: str) -> None:
    assert constraint(operator, **rest) == words


def test_variants_that_keep_their_names_have_changed_all_the_same() -> None:
    variant = VariantData(name="blue", weight=500, weight_type="fix", stickiness="default")
    event = FeatureStrategyUpdate(
        **PLACE,
        environment="production",
        data=msgspec.structs.replace(STRATEGY, variants=[variant]),
        pre_data=msgspec.structs.replace(STRATEGY, variants=[msgspec.structs.replace(variant, weight=700)]),
    )
    assert event.summary("ann").endswith(": **variants** changed")


def test_changed_metadata_are_named() -> None:
    after = msgspec.structs.replace(METADATA, description="Pay faster", impression_data=True)
    event = FeatureMetadataUpdated(**PLACE, data=after, pre_data=METADATA)
    assert event.summary("ann") == f"**ann** changed the description and impression data of {FLAG} in project {SHOP}"


@pytest.mark.parametrize(
    ("name", "data", "before", "summary"),
    [
        ("environment-updated", {"enabled": True}, {"enabled": False}, "turned environment **e** on"),
        ("environment-updated", {"type": "test"}, {}, "changed environment **e**"),
        ("user-deleted", None, {"name": "", "email": "bo@x.org"}, "deleted user **bo@x.org**"),
        ("api-token-updated", {"tokenName": "t"}, {}, "changed API token **t**: it expires never"),
        ("api-token-updated", {"tokenName": "t", "expiresAt": "x"}, {}, "changed API token **t**: it expires **x**"),
        (
            "feature-type-updated",
            {"id": "release", "lifetimeDays": 30},
            {},
            "changed the lifetime of flags of type **release** from **unlimited** to **30 days**",
        ),
        (
            "change-request-configuration-updated",
            {"changeRequestsEnabled": True, "requiredApprovals": 2},
            {},
            f"made changes in environment **e** of project {SHOP} need **2** approvals",
        ),
        (
            "change-request-configuration-updated",
            {"changeRequestsEnabled": False},
            {},
            f"made changes in environment **e** of project {SHOP} need no change request",
        ),
        (
            "project-access-user-roles-updated",
            {"userId": 7, "roles": [4, 5]},
            {"roles": []},
            f"changed roles of user **7** in {SHOP} from **none** to **4, 5**",
        ),
        ("remote-mcp-server-settings-updated", {"enabled": False}, {}, "turned the remote MCP server off"),
        (
            "public-signup-token-updated",
            {"name": "n", "enabled": False, "expiresAt": "x"},
            {},
            "changed invite link **n**: it is disabled and expires **x**",
        ),
        (
            "features-exported",
            {"features": [{}, {}], "environment": "e"},
            None,
            "exported **2** flags with their configuration in environment **e**",
        ),
        (
            "feature-dependency-added",
            {"feature": "parent", "enabled": False},
            None,
            f"made {FLAG} in project {SHOP} depend on **parent** being disabled",
        ),
        ("client-metrics-added", [{}, {}, {}], None, "stored **3** rows of client metrics"),
    ],
)
def test_some_summaries_depend_on_the_payload(name: str, data: Any, before: Any, summary: str) -> None:
    event = EVENTS[name](**PLACE, environment="e", data=data, pre_data=before)
    assert event.summary("ann") == f"**ann** {summary}"


def test_granted_roles_are_listed() -> None:
    roles = [GrantedRole(role_id=4, group_ids=[], user_ids=[1, 2]), GrantedRole(role_id=5, group_ids=[3], user_ids=[])]
    event = ProjectAccessAdded(project="shop", data=GrantedRolesData(roles=roles))
    assert event.summary("ann") == (
        f"**ann** granted access to project {SHOP}: role **4** to users **1, 2**; role **5** to groups **3**"
    )


@pytest.mark.parametrize("verb", ["added", "edited", "discarded"])
def test_a_change_names_its_flag_where_it_has_one(verb: str) -> None:
    kind: type[Event] = EVENTS[f"change-{verb}"]
    payload = {"changeRequestId": 3, "action": "updateEnabled"}
    of_flag = kind(**PLACE, environment="e", data=payload, pre_data=payload).summary("ann")
    of_segment = kind(project="shop", environment="e", data=payload, pre_data=payload).summary("ann")
    assert of_flag.startswith(f"**ann** {verb} change **updateEnabled** of flag {FLAG} ")
    assert of_segment.startswith(f"**ann** {verb} change **updateEnabled** ")
    assert " of flag " not in of_segment


def test_text_is_escaped() -> None:
    assert escape("a*b_[c](d)<e>`f`#|~\\") == r"a\*b\_\[c\](d)\<e\>\`f\`\#\|\~\\"
    assert escape(f"a{BASE_URL}b\nc\u202ed") == "a b c d"
    assert bold(None) == bold("") == "**?**"
    assert bold(0) == "**0**"
    assert bold("é" * 300) == f"**{'é' * 200}…**"
    assert link("x", "projects", "a) [b](http://c/ü") == (
        f"**[x]({BASE_URL}/projects/a%29%20%5Bb%5D%28http%3A%2F%2Fc%2F%C3%BC)**"
    )


def test_a_value_is_the_first_that_says_something() -> None:
    event = FeatureStrategyAdd(**PLACE, environment="e", data=STRATEGY)
    assert value_at(event, "data.title|data.name") == "flexibleRollout"
    assert value_at(event, "data.sort_order") == 0
    assert value_at(event, "data.nothing.at.all") is None
    assert value_at(event, "pre_data.name|data.title") is None


def test_long_lists_are_cut() -> None:
    assert listed([]) == "none"
    assert listed([1, 2]) == "1, 2"
    assert listed(list(range(7)), " and ") == "0 and 1 and 2 and 3 and 4 and 2 more"
