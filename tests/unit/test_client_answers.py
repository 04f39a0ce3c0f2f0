"""Answers to SDKs: joined once, compressed once, and bounded."""

import asyncio
import gzip
from collections.abc import Callable

import msgspec
import pytest
import zstandard

from flagkeeper.eventlog.read import LogPosition
from flagkeeper.readmodels.client_features.answers import Answer, Answers, Coding, Form, Key, best_coding
from flagkeeper.readmodels.client_features.encoding import EnvironmentRow, FlagRow, encode_flag, encode_off
from flagkeeper.readmodels.client_features.follower import Now
from flagkeeper.readmodels.client_features.query import FeatureQuery
from flagkeeper.readmodels.client_features.state import Flag, State

ALL = FeatureQuery(environment="development", inline=True)


def state(number: int, revision: int = 7) -> State:
    rows = [FlagRow(f"flag-{i:03d}", "release", f"project-{i % 2}", "x" * 200, False, False) for i in range(number)]
    flags = {
        row.name: Flag(
            row.project,
            frozenset(),
            encode_off(row),
            {"development": encode_flag(row, EnvironmentRow(True, "[]", ()), {})},
        )
        for row in rows
    }
    return State(LogPosition("epoch", revision), flags, {}, {None: revision, "production": revision + 5})


async def built(answers: Answers, state: State, query: FeatureQuery = ALL, *, coding: Coding = Coding.PLAIN) -> Answer:
    return await answers.get(Now(state), Key(query, Form.FEATURES, coding), state.etag(query).encode())


def test_an_answer_is_the_whole_envelope() -> None:
    answer = asyncio.run(built(Answers(), state(2)))
    found = msgspec.json.decode(answer.body)
    assert [flag["name"] for flag in found["features"]] == ["flag-000", "flag-001"]
    assert found["version"] == 2
    assert found["meta"]["revisionId"] == 7
    assert found["meta"]["etag"] == state(2).etag(ALL) == answer.etag.decode()
    assert found["meta"]["etag"] == f'"{found["meta"]["queryHash"]}:7:v1"'
    assert "segments" not in found


def test_only_its_environment_and_no_environment_move_a_revision() -> None:
    assert state(0).revision("development") == 7
    assert state(0).revision("production") == 12
    assert State(LogPosition("epoch", 9), {}, {}, {"production": 3}).revision("production") == 3
    assert State(LogPosition("epoch", 9), {}, {}, {"production": 3}).revision("development") == 0


def test_where_a_flag_has_no_state_it_is_off() -> None:
    answer = asyncio.run(built(Answers(), state(1), FeatureQuery(environment="elsewhere", inline=True)))
    assert [flag["enabled"] for flag in msgspec.json.decode(answer.body)["features"]] == [False]


@pytest.mark.parametrize(("coding", "unpack"), [(Coding.GZIP, gzip.decompress), (Coding.ZSTD, zstandard.decompress)])
def test_the_packed_form_holds_the_plain_one(coding: Coding, unpack: Callable[[bytes], bytes]) -> None:
    answers = Answers()
    packed, plain = asyncio.run(built(answers, state(50), coding=coding)), asyncio.run(built(answers, state(50)))
    assert unpack(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 5
    assert (b"content-encoding", coding.value) in packed.headers
    assert packed.etag == plain.etag


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (b"", Coding.PLAIN),
        (b"br", Coding.PLAIN),
        (b"gzip, deflate", Coding.GZIP),
        (b"*", Coding.GZIP),
        (b"gzip, deflate, br, zstd", Coding.ZSTD),
        (b"zstd;q=0, gzip", Coding.GZIP),
        (b"ZSTD;q=0.5", Coding.ZSTD),
    ],
)
def test_the_best_coding_that_a_client_takes(accepted: bytes, coding: Coding) -> None:
    assert best_coding(accepted) is coding


async def test_those_who_ask_at_once_share_the_work() -> None:
    answers, moment = Answers(), state(50)
    first, second = await asyncio.gather(
        built(answers, moment, coding=Coding.GZIP), built(answers, moment, coding=Coding.GZIP)
    )
    assert first is second


async def test_a_newer_state_gives_a_newer_answer() -> None:
    answers, old, new = Answers(), state(1), state(1, revision=8)
    await built(answers, old)
    assert answers.ready(Key(ALL, Form.FEATURES), old.etag(ALL).encode())
    assert answers.ready(Key(ALL, Form.FEATURES), new.etag(ALL).encode()) is None


async def test_memory_is_bounded_and_the_least_used_goes() -> None:
    answers, moment = Answers(largest=50_000), state(100)
    queries = [FeatureQuery(environment="development", name_prefix=f"flag-0{i}", inline=True) for i in range(10)]
    for query in [ALL, *queries, *queries]:
        await built(answers, moment, query)
    assert answers.size <= 50_000
    assert answers.ready(Key(ALL, Form.FEATURES), moment.etag(ALL).encode()) is None
    assert answers.ready(Key(queries[-1], Form.FEATURES), moment.etag(queries[-1]).encode())
