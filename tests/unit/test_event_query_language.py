"""The language of event queries: what it says, how it is written, and where its errors are."""

import json
import random
import re
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagkeeper.eventlog.more import More
from flagkeeper.eventlog.query import Candidate, EventQuery, matches, parse
from flagkeeper.eventlog.query.conditions import Changed, Field, Is, Text, Word
from flagkeeper.eventlog.query.content import amount_of, changed_paths, shown_amount, words_of
from flagkeeper.eventlog.query.evaluate import like
from flagkeeper.eventlog.query.parameters import read_parameters
from flagkeeper.kernel.change_context import Cause
from flagkeeper.kernel.errors import BadData
from tests.events import MINUTE, START, row
from tests.random_events import random_query

NOW = START + 10_000 * MINUTE
HOUR = 60 * MINUTE

STRATEGY = '{"name":"flexibleRollout","title":"Größe first","parameters":{"rollout":"50","groupId":"checkout-v2"}}'
BEFORE = STRATEGY.replace('"50"', '"25"')
EVENT = row(
    5,
    type="feature-strategy-update",
    created_by="Someone@example.com",
    created_at=NOW - HOUR,
    project="checkout",
    environment="production",
    feature_name="checkout-v2",
    data=STRATEGY,
    pre_data=BEFORE,
    tags='[{"type":"simple","value":"team 100% blue"}]',
    more=More(
        reason="Größere Zahlung, checkout-v3", ticket="OPS-7 extra", cause=Cause("event", "4711"), actor_kind="pat"
    ).text(),
)

FOUND = [
    "",
    "type:feature-* env:production by:someone@example.com project:checkout changed:strategies.rollout since:2h -by:bot",
    "type:feature-strategy-update,feature-created",
    "environment:prod* flag:checkout-v2",
    "feature:checkout-v2 user:7 id:5",
    "by:*@example.com -by:bob",
    'by:"Someone@example.com"',
    "check",
    "CHECKOUT-V2",
    "v2",
    "grosse first",
    "GRÖSSE",
    '"größe first"',
    '"ut-v"',
    '"100% blue"',
    '"0"',
    "changed:rollout",
    "changed:parameters",
    "-changed:title",
    "until:30m",
    "since:1h until:59m",
    "feature-strategy",
    "actor:pat",
    "actor:user,pat -actor:token",
    "actor:*",
    "reason:grossere reason:zahl",
    "reason:CHECKOUT-V3",
    'reason:"zahlung"',
    "reason:*",
    "-reason:rollback",
    'ticket:"ops-7 EXTRA"',
    "ticket:ops-*",
    "cause:event",
    "cause:event/4711",
    "cause:schedule,event/4711",
    "zahlung",
    '"ung, checkout-v3"',
    "extra",
    '"ops-7 ex"',
    "env:development OR env:production",
    "env:development OR env:staging OR flag:checkout-v2 project:checkout",
    "flag:checkout-v2 AND type:feature-*",
    "(env:production) (flag:x OR flag:checkout-v2)",
    "(env:development OR (by:someone@example.com AND NOT by:bob)) since:2h id:5",
    "NOT env:development",
    "NOT (env:development OR flag:x)",
    "-(env:production flag:x) -(env:development)",
    "NOT NOT check",
    "NOT -check",
    "-(-(check v2))",
    '("100% blue" OR "(nothing)")',
    "(by:*@example.com OR changed:nothing)",
    "(reason:zahl OR ticket:x)",
    "rollout>49",
    "rollout>=50 rollout<=50 rollout<50.5",
    "data.rollout>49.9",
    "parameters.rollout<51",
    "strategies.rollout>25",
    "ROLLOUT>-1",
    "-rollout>50",
    "NOT rollout<50",
    "(rollout>99 OR rollout<60)",
]
NOT_FOUND = [
    "type:feature",
    "type:Feature-strategy-update",
    "env:development",
    "-env:production",
    "by:someone",
    "heckout",
    '"100_ blue"',
    '"checkout  v2"',
    "changed:name",
    "changed:rollout.parameters",
    "since:59m",
    "until:1h",
    "id:4",
    "group:x",
    "-group:x id:4",
    '"feature-strategy-update"',
    "actor:user",
    "-actor:*",
    "reason:flexible",
    "-reason:*",
    "ticket:ops-7",
    "cause:event/471",
    "cause:4711",
    "4711",
    "env:development OR flag:x",
    "env:production AND flag:x",
    "NOT env:production",
    "NOT (env:production OR flag:x)",
    "-(env:production flag:checkout-v2)",
    "(env:production OR flag:x) -check",
    "env:production flag:x OR env:development",
    "rollout>50",
    "rollout<50",
    "rollout<30",
    "-rollout>=50",
    "rollout.parameters>1",
    "weight>0",
    "-weight>0 -check",
    "title>0",
    "rollout>2020-01-01",
    "rollout<2030-01-01",
]


@pytest.mark.parametrize("text", FOUND)
def test_finds(text: str) -> None:
    assert matches(parse(text, NOW), Candidate(EVENT))


@pytest.mark.parametrize("text", NOT_FOUND)
def test_does_not_find(text: str) -> None:
    assert not matches(parse(text, NOW), Candidate(EVENT))


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("project:a foo:b", 11, "no field foo"),
        ("proj:a", 1, "did you mean project:"),
        ("  typ:x", 3, "did you mean type:"),
        ('a "never closed', 3, "never closed"),
        ('ab"c"', 3, "beginning of a word"),
        ('"a"b', 4, "commas"),
        ("type:", 1, "needs a value"),
        ("type:a,,b", 8, "missing"),
        ("type:a,", 8, "missing"),
        ("user:bob", 6, "whole numbers"),
        ('actor:"*"', 7, "no kind of actor *"),
        ("actor:robot", 7, "user, pat, token, sdk, operator, system, none"),
        ("actor:user,PAT", 12, "kind of actor PAT"),
        ("reason:a,b", 8, "one word"),
        ('reason:"a b"', 8, "one word"),
        ('reason:"…"', 8, "one word"),
        ("cause:event/*", 7, "without a star"),
        ("id:1,99999999999999999999", 6, "whole numbers"),
        ("since:yesterday", 7, "no moment"),
        ("until:2026-13-01", 7, "no moment"),
        ("since:1h since:2h", 10, "only one since:"),
        ("-since:1h", 2, "cannot be excluded"),
        ("NOT until:1h", 5, "cannot be excluded"),
        ("-NOT a", 2, "NOT cannot be excluded"),
        ("a OR", 3, "both sides of OR"),
        ("OR a", 1, "both sides of OR"),
        ("a OR OR b", 3, "both sides of OR"),
        ("a AND", 3, "both sides of AND"),
        ("AND a", 1, "both sides of AND"),
        ("a AND OR b", 3, "both sides of AND"),
        ("a NOT", 3, "NOT needs"),
        ("(a NOT)", 4, "NOT needs"),
        ("a ()", 4, "between brackets"),
        ("(a OR )", 4, "both sides of OR"),
        ("a NOT OR b", 3, "NOT needs"),
        ("a (b", 3, "never closed"),
        ("-(a OR b", 2, "never closed"),
        ("a OR b )", 8, "never opened"),
        (")", 1, "never opened"),
        ("(a)b", 4, "comes a blank"),
        ("(" * 11 + "a" + ")" * 11, 11, "At most 10 brackets"),
        ("since:1h OR a", 1, "since: holds for the whole query"),
        ("a OR b id:5", 8, "id: holds for the whole query"),
        ("a (b OR until:1h)", 9, "until: holds for the whole query"),
        ("a -(id:5)", 5, "id: holds for the whole query"),
        ("(a foo:b)", 4, "no field foo"),
        ("(env:a,)", 8, "missing"),
        ("flag:a)*", 7, "must be opened in it"),
        ("changed:a,b", 11, "keys with dots"),
        ("changed:a..b", 9, "keys with dots"),
        ('""', 1, "empty"),
        ("-", 1, "minus"),
        ("a …", 3, "no letters or digits"),
        ("x " * 51, 101, "at most 50"),
        ("x" * 2001, 2001, "at most 2000"),
        ("!flag:a", 1, "! means nothing"),
        ("a !b", 3, "! means nothing"),
        ("a)", 2, ") means nothing"),
        ("flag=a", 5, "= means nothing"),
        ("a flag!=b", 7, "! means nothing"),
        ("a&&b", 2, "& means nothing"),
        ("a|b", 2, "| means nothing"),
        ("a~2", 2, "~ means nothing"),
        ("[a", 1, "[ means nothing"),
        ("*a", 1, "* means nothing"),
        ("a*b", 2, "* means nothing"),
        ("env:!production", 5, "! means nothing"),
        ("env:a,!b", 7, "! means nothing"),
        ("env:(a", 5, "( means nothing"),
        ("flag:a|b", 7, "| means nothing"),
        ("id:>5", 4, "> means nothing"),
        ("since:>2h", 7, "> means nothing"),
        ("rollout>", 9, "> takes a number such as 50, or a day such as 2026-11-22"),
        ("rollout>=abc", 10, ">= takes a number"),
        ("a (rollout>1e3)", 12, "takes a number"),
        ("rollout>5=", 9, "takes a number"),
        ("rollout<2026-13-01", 9, "or a day"),
        ("rollout>.5", 9, "takes a number"),
        ("x>>5", 3, "takes a number"),
        ("id>5", 1, "data.id>"),
        ("a -since>=2026-11-22", 4, "data.since>="),
        (">5", 1, "> means nothing"),
        ("a..b>5", 5, "> means nothing"),
        ("changed:roll*", 9, "without a star"),
        ("flag:" + ",".join("*" * 11), 26, "at most 10 values with a star"),
        ("flag:a* " * 6 + "-env:b* " * 5, 86, "at most 10 values with a star"),
    ],
)
def test_errors_point_at_the_position(text: str, position: int, reason: str) -> None:
    with pytest.raises(BadData) as caught:
        parse(text, NOW)
    assert reason in caught.value.message
    assert f"(position {position} of the query)" in caught.value.message
    assert caught.value.details[0].path == "/query/q"


def test_what_amounts_to_something_is_compared(subtests: pytest.Subtests) -> None:
    found = row(
        7,
        type="feature-created",
        data='{"weight":500,"small":-2.5,"createdAt":"2026-11-22T23:30:00.000Z","day":"2026-11-22","ids":["17",17.5],'
        '"deep":[{"n":1},{"n":9}],"on":true,"none":null,"huge":1e300,"word":"12 monkeys","odd key":3}',
        pre_data='{"weight":900}',
    )
    for text, holds in {
        "weight>=500 weight<=500": True,
        "weight>500": False,
        "weight<1000 weight>499.999": True,
        "small<-2 small>-3": True,
        "createdAt>=2026-11-22 createdAt<=2026-11-22": True,
        "createdat>2026-11-22": False,
        "day<2026-11-23 day>2025-12-31": True,
        "createdAt>5": False,
        "ids>17.4": True,
        "ids<=17": False,
        "n<2 deep.n>8": True,
        "n>9": False,
        "on>0": False,
        "on<2": False,
        "none<1": False,
        "huge>1": False,
        "word<13": False,
        "word>0": False,
    }.items():
        with subtests.test(text=text):
            assert matches(parse(text, NOW), Candidate(found)) is holds
    gone = row(8, type="feature-deleted", pre_data='{"weight":900}')
    assert not matches(parse("weight>1", NOW), Candidate(gone)), "what an event ended is not what it says"


@given(st.text(max_size=60))
def test_any_text_is_a_query_or_an_error_that_points(text: str) -> None:
    with suppress(BadData):
        matches(parse(text, NOW), Candidate(EVENT))


@given(st.integers())
def test_a_query_is_written_as_it_is_read(seed: int) -> None:
    query = parse(random_query(random.Random(seed), 500), NOW)
    assert parse(str(query), NOW) == query


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("-(environment:production)", "-env:production"),
        ("NOT (-check)", "check"),
        ("NOT (NOT (check))", "check"),
        ("-(-(check v2))", "check v2"),
        ("-(-(check OR v2))", "(check OR v2)"),
        ("-(-(-(check OR v2)))", "-(check OR v2)"),
        ("NOT (check v2)", "-(check v2)"),
    ],
)
def test_what_is_excluded_is_written_in_one_form(text: str, written: str) -> None:
    assert str(parse(text, NOW)) == written
    assert parse(written, NOW) == parse(text, NOW)


def test_what_is_quoted_is_text(subtests: pytest.Subtests) -> None:
    found = row(6, feature_name="(a|b)=!c*", project="a)", environment="OR", created_by="R&D", data='{"x":"a OR !b"}')
    for text in (
        'flag:"(a|b)=!c*"',
        'flag:"(a|b)=!c*",x',
        "flag:*c*",
        "project:a)",
        '(project:"a)" OR x)',
        '(x OR (env:OR flag:"(a|b)=!c*"))',
        "env:OR",
        'by:"r&d"',
        '"OR"',
        '"!b"',
        '"a or !b"',
        "or",
        "-and",
    ):
        with subtests.test(text=text):
            assert matches(parse(text, NOW), Candidate(found))
            assert parse(str(parse(text, NOW)), NOW) == parse(text, NOW)


@given(st.lists(st.sampled_from("ab*"), max_size=9), st.text("ab", max_size=9))
def test_a_star_stands_for_any_text(pattern: list[str], text: str) -> None:
    written = f"{''.join(pattern)}*"
    assert like(written, text) == bool(re.fullmatch(written.replace("*", ".*"), text))
    written = f"*{''.join(pattern)}"
    assert like(written, text) == bool(re.fullmatch(written.replace("*", ".*"), text))


@pytest.mark.parametrize(
    "pattern", ["*a" * 900 + "b", "a*" * 900 + "b", "*" * 1900 + "b", "*" + "a" * 900 + "*" + "a" * 900 + "b*"]
)
def test_no_pattern_is_slow(pattern: str) -> None:
    """As a regular expression, each of these takes longer than anybody lives."""
    start = time.process_time()
    for query in (parse(f"flag:{pattern},x", NOW), parse(f"by:{pattern}", NOW)):
        for length in range(1_000, 1_100):
            assert not matches(query, Candidate(row(1, feature_name="a" * length, created_by="a" * length)))
    assert time.process_time() - start < 1


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_a_moment_without_a_zone_is_utc(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert parse("since:2026-02-01T01:00", NOW) == parse("since:2026-02-01T01:00Z", NOW)
        assert parse("until:2026-02-01", NOW) == parse("until:2026-02-02T00:00:00+00:00", NOW)
        assert read_parameters([("from", "IS:2026-02-01")]) == parse("since:2026-02-01", NOW)
        assert read_parameters([("to", "IS:2026-02-01")]) == parse("until:2026-02-01", NOW)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_moments() -> None:
    day = 1_769_904_000_000
    assert parse("since:2026-02-01 until:2026-02-01", NOW) == EventQuery(since=day, until=day + 24 * HOUR)
    assert parse("since:2026-02-01T01:00:00Z", NOW).since == day + HOUR
    assert parse("since:2026-02-01T01:00+01:00", NOW).since == day
    assert parse("since:2w", NOW).since == NOW - 14 * 24 * HOUR


def test_unleash_parameters_say_the_same() -> None:
    given_ = [
        ("type", "IS_ANY_OF:a, b"),
        ("project", "IS:default"),
        ("createdBy", "IS:7"),
        ("query", "50%"),
        ("from", "IS:2026-02-01"),
        ("to", "IS:2026-02-02"),
        ("limit", "7"),
    ]
    assert read_parameters(given_) == parse(
        'type:a,b project:default user:7 "50%" since:2026-02-01 until:2026-02-02', NOW
    )
    assert read_parameters([("type", "IS:feature-*")]).conditions == (Is(field=Field.TYPE, values=("feature-*",)),)
    assert read_parameters([("query", ""), ("offset", "1")]) == EventQuery()
    for value in ("IS:", "IS: ", "IS_ANY_OF:", "IS_ANY_OF:,"):
        with pytest.raises(BadData, match="feature names no value"):
            read_parameters([("feature", value)])


def test_unleash_parameters_have_bounds_too() -> None:
    assert len(read_parameters([("type", "IS_ANY_OF:" + "a," * 1_000)]).conditions) == 1
    for name in ("type", "id"):
        with pytest.raises(BadData, match=f"{name} takes at most 1000 values"):
            read_parameters([(name, "IS_ANY_OF:" + "1," * 1_001)])


def test_what_a_machine_made_up_is_found_whole() -> None:
    made_up = "0b5e7d1c-0000-4000-8000-0123456789AB"
    assert parse(f'"{made_up}"', NOW).conditions == (Word(start=made_up.lower()),)
    assert parse(f"{made_up[:10]}", NOW).conditions == (Word(start=made_up[:10]),)
    assert parse('"0b5e7d1c-0"', NOW).conditions == (Text(part="0b5e7d1c-0"),)
    event = Candidate(row(1, data=f'{{"id":"{made_up}","at":"2026-02-03T04:05:06.789Z"}}'))
    assert matches(parse(f'"{made_up}"', NOW), event)
    assert matches(parse(made_up[:10], NOW), event)
    assert matches(parse("2026-02-03", NOW), event)
    assert not matches(parse('"4000-8000"', NOW), event)


def test_changed_looks_below_what_came_and_went() -> None:
    event = Candidate(
        row(1, data='{"a":{"B":[{"c":1},{"d":{"e":2}}]}}', pre_data='{"a":{"B":[{"c":2}]},"gone":{"x":null}}')
    )
    assert event.changed == {
        ("a",),
        ("a", "b"),
        ("a", "b", "c"),
        ("a", "b", "d"),
        ("a", "b", "d", "e"),
        ("gone",),
        ("gone", "x"),
    }
    assert matches(EventQuery(conditions=(Changed(path=("a", "e")),)), event)
    assert Candidate(row(1, data='{"a":1}')).changed == set()


@pytest.mark.parametrize(
    ("new", "old", "changed"),
    [
        ('{"a":{"b":true,"c":0}}', '{"a":{"b":1,"c":0}}', {("a",), ("a", "b")}),
        ('{"a":[{"b":false}]}', '{"a":[{"b":0}]}', {("a",), ("a", "b")}),
        ('{"a":{"b":1,"c":2},"d":3}', '{"d":3,"a":{"c":2,"b":1}}', set()),
        ('{"a":null}', '{"a":[]}', {("a",)}),
        ('{"a":[1,2]}', '{"a":[1]}', {("a",)}),
        ("[1]", "[2]", set()),
    ],
)
def test_what_has_changed_is_told_by_json(new: str, old: str, changed: set[tuple[str, ...]]) -> None:
    """`true` is another value than `1`, and the order of keys means nothing."""
    assert Candidate(row(1, data=new, pre_data=old)).changed == changed


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("0190c2f4-5b6d-7a10-8f3e-2b1c9d8e7f60", ("0190c2f4-5b6d-7a10-8f3e-2b1c9d8e7f60",)),
        ("01M8PKSCCXNMPNG0QQ4E4BSQTJ", ("01m8pksccxnmpng0qq4e4bsqtj",)),
        ("2026-11-22T05:10:07.191Z", ("2026-11-22",)),
        ("checkout-v2", ("checkout-v2", "checkout", "v2")),
    ],
)
def test_what_a_machine_made_up_is_one_word(value: str, words: tuple[str, ...]) -> None:
    assert words_of(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("x" * 101, ("x" * 100,)),
        (f"{'x' * 101}-y", ("x" * 100, "y")),
        ("a  b\tc", ("a", "b", "c")),
        ("...", ()),
        ("-a-", ("a",)),
        ("a-b-", ("a-b", "a", "b")),
        ("2026-11-22", ("2026-11-22", "2026", "11", "22")),
        ("deadbeef", ("deadbeef",)),
        ("Deadbee-f1", ("deadbee-f1", "deadbee", "f1")),
        ("\u00c5ngstr\u00f6m", ("angstrom",)),
    ],
)
def test_words_are_cut_and_folded(value: str, words: tuple[str, ...]) -> None:
    assert words_of(value) == words


def test_paths_end_somewhere() -> None:
    """What changed further down has changed in the last key that is kept."""
    deep = "1"
    for number in reversed(range(14)):
        deep = f'{{"k{number}":{deep}}}'
    new, old = (json.loads(each) for each in (deep, deep.replace("1}", "2}")))
    keys = tuple(f"k{number}" for number in range(12))
    assert changed_paths("flag", new, old) == {keys[:length] for length in range(1, 13)}
    assert changed_paths("flag", {"x" * 60: 1}, {}) == {("x" * 50,)}
    assert changed_paths("feature-strategy-add", {"a": 1}, {"a": 2}) == {("strategies",), ("strategies", "a")}


@pytest.mark.parametrize(
    ("value", "amount", "shown"),
    [
        (0, 0.0, "0"),
        (100, 100.0, "100"),
        ("50.50", 50.5, "50.5"),
        ("-3", -3.0, "-3"),
        (0.0000001, 0.0000001, "0.0000001"),
        (999_999_999_999_999, 999_999_999_999_999.0, "999999999999999"),
        ("2026-11-22", "2026-11-22", "2026-11-22"),
        ("2026-11-22T10:00:00Z", "2026-11-22", "2026-11-22"),
    ],
)
def test_amounts_are_written_as_they_are_read(value: object, amount: object, shown: str) -> None:
    found = amount_of(value)
    assert found == amount
    assert found is not None
    assert shown_amount(found) == shown


@pytest.mark.parametrize(
    "value", [10**15, -(10**15), True, None, "", "abc", "1" * 16, "2026-11-22x", "5 apples", [], {}]
)
def test_what_amounts_to_nothing(value: object) -> None:
    assert amount_of(value) is None


@pytest.mark.parametrize(
    "text",
    [
        "x" * 2_000,
        "x " * 50,
        "flag:" + ",".join("*" * 10),
        "(" * 10 + "a" + ")" * 10,
        f"id:{2**63 - 1}",
        "user:-7",
    ],
)
def test_a_query_may_be_as_large_as_is_said(text: str) -> None:
    assert parse(text, NOW).conditions


def test_numbers_and_days_in_parameters_end_somewhere() -> None:
    largest = 2**63 - 1
    assert read_parameters([("id", f"IS:{largest}")]) == parse(f"id:{largest}", NOW)
    assert read_parameters([("to", "IS:9999-12-30")]).until is not None
    for name, value in (("id", f"IS:{largest + 1}"), ("createdBy", f"IS:-{largest + 1}"), ("id", "IS:\u0663")):
        with pytest.raises(BadData, match="takes whole numbers"):
            read_parameters([(name, value)])
    for value in ("IS:9999-12-31", "IS:2026-02-30", "IS:2026-2-3", "2026-02-03", "IS_ANY_OF:2026-02-03"):
        with pytest.raises(BadData) as refused:
            read_parameters([("to", value)])
        assert refused.value.details[0].path == "/query/to"
    with pytest.raises(BadData, match="given twice"):
        read_parameters([("type", "IS:a"), ("type", "IS:b")])
    with pytest.raises(BadData, match="must look like IS:value"):
        read_parameters([("type", "a")])
