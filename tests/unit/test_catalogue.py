"""The catalogue is complete, every type can be written, shown and read again, and none can tell a secret."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagkeeper.eventlog.catalogue import (
    CLIENT_TYPES,
    EVENTS,
    TIMELINE_TYPES,
    Concern,
    Event,
    Reach,
    about,
    offered_to,
    types_for,
)
from flagkeeper.eventlog.catalogue.sentence import sentence_of
from flagkeeper.eventlog.catalogue.tone import Tone
from flagkeeper.eventlog.catalogue.wording import BASE_URL, bold

GOLDEN = json.loads((Path(__file__).parent / "golden/event-types.json").read_text())
BY_NAME = {row["type"]: row for row in GOLDEN}
KNOWN = [kind for kind in EVENTS.values() if not kind.about.ours]

every_type = pytest.mark.parametrize("kind", EVENTS.values(), ids=list(EVENTS))
known_type = pytest.mark.parametrize("kind", KNOWN, ids=[kind.about.type for kind in KNOWN])

WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-._", min_size=1, max_size=20)
HOSTILE = st.lists(
    st.sampled_from(
        [*"\\`*_[]()<>#|~!&", BASE_URL, "\n", "\r\n", "\x00", "\u202e", "](http://evil)", "[x](", "**", " ", "a", "ü"]
    ),
    min_size=1,
    max_size=12,
).map("".join)


@cache
def instances(kind: Any, texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Values of an annotated type: events, payloads and what they are made of."""
    if kind is NoneType or kind is msgspec.UnsetType:
        return st.just(None if kind is NoneType else msgspec.UNSET)
    if kind is Any or kind is object:
        return st.recursive(
            st.none() | st.booleans() | texts, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner)
        )
    arguments = get_args(kind)
    if get_origin(kind) is Annotated:
        return instances(arguments[0], texts)
    match get_origin(kind) or kind:
        case origin if origin in (Union, UnionType):
            return st.one_of([instances(each, texts) for each in arguments])
        case origin if origin is list:
            return st.lists(instances(arguments[0], texts), max_size=2)
        case origin if origin is tuple:
            return st.lists(instances(arguments[0], texts), max_size=2).map(tuple)
        case origin if origin is dict:
            return st.dictionaries(texts, instances(arguments[1], texts), max_size=2)
        case origin if issubclass(origin, msgspec.Struct):
            fields = {field.name: instances(field.type, texts) for field in msgspec.structs.fields(origin)}
            return st.builds(origin, **fields)
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: texts,
        bool: st.booleans(),
        int: st.integers(-(2**53), 2**53),
        float: st.floats(allow_nan=False, allow_infinity=False),
    }
    return simple[kind]


def carried(kind: type[Event], name: str) -> str:
    """Whether a type declares one of the envelope's fields: always, sometimes or never."""
    if name not in kind.__annotations__:
        return "never"
    return "always" if kind.__annotations__[name] is str else "sometimes"


def payload_type(kind: type[Event], name: str) -> Any:
    return next(field.type for field in msgspec.structs.fields(kind) if field.name == name)


def structs_in(kind: Any) -> Iterator[Any]:
    """Every struct that may occur in a type."""
    for argument in get_args(kind):
        yield from structs_in(argument)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from structs_in(field.type)


def keys(kind: Any) -> set[str]:
    """The keys of the payload type that is no null."""
    return {
        field.encode_name
        for struct in (get_args(kind) or (kind,))
        if struct is not NoneType
        for field in msgspec.structs.fields(struct)
    }


def test_the_types_are_those_of_the_golden_list() -> None:
    assert {kind.about.type for kind in KNOWN} == set(BY_NAME)
    assert (len(KNOWN), sum(bool(kind.about.seeds) for kind in KNOWN)) == (181, 147)


def test_our_own_types_are_apart() -> None:
    ours = [kind.about.type for kind in EVENTS.values() if kind.about.ours]
    assert len(ours) == 16
    assert all(name.startswith("flagkeeper-") for name in ours)
    assert not any(name.startswith("flagkeeper-") for name in BY_NAME)


@every_type
def test_a_class_is_named_after_its_type(kind: type[Event]) -> None:
    assert kind.__name__ == "".join(word.capitalize() for word in kind.about.type.split("-"))
    assert EVENTS[kind.about.type] is kind


@known_type
def test_a_type_is_as_documented(kind: type[Event]) -> None:
    row = BY_NAME[kind.about.type]
    assert sorted(kind.about.seeds) == row["seeds"]
    fields = ("feature_name", "project", "environment")
    assert [carried(kind, name) for name in fields] == [row["featureName"], row["project"], row["environment"]]


@known_type
def test_a_payload_has_every_documented_key(kind: type[Event]) -> None:
    """Two keys are left out on purpose: what makes an invite link work is a secret."""
    row = BY_NAME[kind.about.type]
    for name, documented in (("data", row["data"]), ("pre_data", row["preData"])):
        if isinstance(documented, list):
            secret = {"secret", "url"} if kind.about.type.startswith("public-signup-token") else set()
            assert set(documented) - secret <= keys(payload_type(kind, name))
        elif documented == "null" and name == "data":
            assert payload_type(kind, name) is NoneType


@pytest.mark.parametrize(
    ("name", "data", "before"),
    [
        ("feature-updated", "FlagData", None),  # "a legacy event, so it does not populate preData"
        ("strategy-deleted", "NameData", None),
        ("strategy-deprecated", "NameData", None),
        ("strategy-reactivated", "NameData", None),
        ("strategy-import", "StrategyDefinitionData", None),
        ("feature-untagged", "TagData", None),
        ("tag-deleted", "TagData", None),
        ("strategy-updated", "StrategyDefinitionData", "StrategyDefinitionData"),
        ("context-field-updated", "ContextFieldData", "ContextFieldData"),
        ("tag-type-updated", "TagTypeData", "TagTypeData"),
        ("addon-config-updated", "UpdatedIntegrationData", "IntegrationData"),
        ("context-field-deleted", "NameData", "ContextFieldData"),
        ("tag-type-deleted", "NameData", "TagTypeData"),
        ("addon-config-deleted", "RemovedIntegrationData", "IntegrationData"),
        ("segment-deleted", "NoData", "SegmentData"),
        ("suggest-change-created", "NoData", None),
    ],
)
def test_conflicts_are_settled(name: str, data: str, before: str | None) -> None:
    found = (payload_type(EVENTS[name], "data"), payload_type(EVENTS[name], "pre_data"))
    assert [kind.__name__ for kind in found] == [data, before or "NoneType"]


@pytest.mark.parametrize(
    "name", ["feature-archived", "feature-revived", "feature-stale-on", "feature-stale-off", "project-deleted"]
)
def test_some_types_have_no_payload(name: str) -> None:
    assert payload_type(EVENTS[name], "data") is payload_type(EVENTS[name], "pre_data") is NoneType


def test_the_documents_fix_three_labels() -> None:
    names = ("feature-created", "feature-project-change", "feature-strategy-add")
    labels = [EVENTS[name].about.label for name in names]
    assert labels == ["Flag created", "Flag moved to a new project", "Flag strategy added"]


@every_type
def test_a_type_has_a_label_and_a_group(kind: type[Event]) -> None:
    assert kind.about.label
    assert kind.about.label != kind.about.type
    assert kind.about.group


def test_labels_are_distinct() -> None:
    labels = [kind.about.label for kind in EVENTS.values()]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("provider", "count"),
    [("datadog", 15), ("new-relic", 15), ("slack", 17), ("teams", 32), ("teamsworkflow", 32), ("webhook", 33)]
    + [("slack-app", 63), ("nobody", 0)],
)
def test_each_provider_offers_its_types(provider: str, count: int) -> None:
    assert len(offered_to(provider)) == count


def test_the_timeline_shows_key_events() -> None:
    assert len(TIMELINE_TYPES) == 17
    assert "feature-environment-enabled" in TIMELINE_TYPES
    assert "feature-environment-variants-updated" not in TIMELINE_TYPES


def test_clients_hear_of_what_they_receive() -> None:
    """All of one flag, save favourites, links and drafts of changes, and what concerns many flags at once."""
    of_one_flag = {row["type"] for row in GOLDEN if row["featureName"] == "always"}
    silent = {name for name in of_one_flag if name.startswith(("feature-link-", "feature-favo", "feature-unfavo"))}
    assert of_one_flag - silent <= CLIENT_TYPES
    assert silent.isdisjoint(CLIENT_TYPES)
    assert not any(name.startswith("change-") for name in CLIENT_TYPES)
    wide = "segment-created segment-updated segment-deleted segment-import environment-updated environment-deleted "
    wide += "project-archived project-revived project-deleted project-environment-added project-environment-removed "
    wide += "feature-import features-imported drop-features drop-environments drop-projects"
    assert set(wide.split()) <= CLIENT_TYPES


def test_who_keeps_what_is_told_of_what_changes_it() -> None:
    """Types are named here once more: a follower that is not told of one would go on with what was."""
    told = {
        Concern.ROLES: "role-created role-updated role-deleted",
        Concern.PROJECTS: "project-created project-updated project-deleted project-import drop-projects",
        Concern.API_TOKENS: "api-token-created api-token-updated api-token-deleted",
        Concern.PERSONAL_TOKENS: "pat-created pat-deleted service-account-token-created service-account-token-deleted",
        Concern.INTEGRATIONS: "addon-config-created addon-config-updated addon-config-deleted",
    }
    for concern, names in told.items():
        assert types_for(concern) == set(names.split()), concern
    of_people = re.compile(
        r"(user|service-account)-(created|updated|deleted)|(group|scim)-.+|project-(access|user|group)-.+"
        r"|project-deleted|drop-projects"
    )
    assert types_for(Concern.USERS) == {name for name in EVENTS if of_people.fullmatch(name)}
    assert {*told, Concern.USERS, Concern.CLIENTS} == set(Concern)


def test_the_stored_reach_follows_from_what_a_type_concerns() -> None:
    assert types_for(Concern.CLIENTS) == CLIENT_TYPES
    assert {name for name, kind in EVENTS.items() if kind.about.reach == Reach.CLIENTS} == CLIENT_TYPES
    assert types_for(Concern.ROLES, Concern.CLIENTS) == CLIENT_TYPES | types_for(Concern.ROLES)


def test_a_newer_type_is_unknown_and_no_error() -> None:
    assert about("feature-teleported") is None
    assert about("feature-created") is EVENTS["feature-created"].about


@every_type
def test_no_payload_has_a_place_for_a_secret(kind: type[Event]) -> None:
    telling = re.compile(
        r"secret|password|credential|authorization|apikey|licen[cs]ekey|cookie|session|hash|invite", re.IGNORECASE
    )
    alone = {"token", "key", "parameters", "url"}
    allowed = {("StrategyData", "parameters"), ("DefaultStrategyData", "parameters"), ("LinkData", "url")}
    allowed |= {("MilestoneStrategyData", "parameters"), ("StrategyDefinitionData", "parameters")}
    allowed |= {("ApplicationData", "url"), ("ApplicationNotes", "url")}
    for struct in structs_in(kind):
        for field in msgspec.structs.fields(struct):
            assert not telling.search(field.encode_name), (struct, field.name)
            assert field.encode_name not in alone or (struct.__name__, field.encode_name) in allowed


@every_type
@settings(max_examples=5)
@given(data=st.data())
def test_an_event_survives_the_log(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(instances(kind, st.text(max_size=20)))
    assert msgspec.json.decode(msgspec.json.encode(event), type=kind) == event


@every_type
@settings(max_examples=5)
@given(data=st.data())
def test_an_event_has_a_subject_and_a_summary(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(instances(kind, WORDS))
    subject = event.subject()
    assert "None" not in subject
    assert "UNSET" not in subject
    assert "{" not in subject
    assert "/" in subject or subject.startswith(("all-", "scim-")) or "{" not in kind.about.subject
    summary = event.summary("ann@example.com")
    assert summary
    assert "{" not in summary
    assert "UNSET" not in summary
    assert "None" not in summary


@every_type
def test_a_summary_has_words_for_odd_events(kind: type[Event]) -> None:
    """Imported and older events may lack what today's have, or have something else."""
    odd: list[Any] = [None, {}, {"name": 1, "parameters": None, "features": 3}, [], [1], "text", 7, {"roles": [1, {}]}]
    for payload in odd:
        fields = dict.fromkeys(("feature_name", "project", "environment"))
        event = kind(**fields, data=payload, pre_data=payload)
        assert event.summary("")
        assert isinstance(event.subject(), str)


LINK = re.compile(r"\*\*\[(?:\\.|[^\\\[\]`*_<>#|~])+\]\(\x1a/[A-Za-z0-9_.~%/-]*\)\*\*")
BOLD = re.compile(r"\*\*(?:\\.|[^\\\[\]`*_<>#|~\x1a])+\*\*")


@every_type
@settings(max_examples=10)
@given(data=st.data(), actor=HOSTILE)
def test_a_name_cannot_forge_markdown(kind: type[Event], data: st.DataObject, actor: str) -> None:
    summary = data.draw(instances(kind, HOSTILE)).summary(actor)
    rest = BOLD.sub("", LINK.sub("", summary))
    assert not re.search(r"[\\`*_\[\]<>#|~\x00-\x1f\x7f-\x9f\u2028-\u202e]", rest), summary


def words(markdown: str) -> str:
    """What of markdown is read, without blanks."""
    bare = re.sub(r"(?s)\\(.)", lambda escaped: chr(0xE000 + ord(escaped[1])), markdown)
    bare = re.sub(r"\]\([^)]*\)", "", bare).replace("**", "").replace("[", "")
    return "".join(re.sub("[\ue000-\ue0ff]", lambda kept: chr(ord(kept[0]) - 0xE000), bare).split())


@every_type
@settings(max_examples=5)
@given(data=st.data(), actor=HOSTILE)
def test_the_parts_of_an_event_say_what_its_summary_says(kind: type[Event], data: st.DataObject, actor: str) -> None:
    event = data.draw(instances(kind, HOSTILE))
    summary, has_name = event.summary(actor), "{" in kind.about.subject
    said = sentence_of(summary, actor, event.subject() if has_name else "")
    lead = bold(actor) if said.by_actor else ""
    named = said.object.name if said.object else ""
    assert "".join(f"{said.verb}{named}{said.where}{said.detail}".split()) == words(summary.removeprefix(lead))
    # Where the actor asks for access, nobody else is named.
    assert (said.object is not None) is has_name or said.verb == "asked for access"
    assert said.object is None or said.object.path is None or re.fullmatch(r"/[A-Za-z0-9_.~%/-]*", said.object.path)


@pytest.mark.parametrize(
    ("name", "fields", "parts"),
    [
        ("group-user-added", {"data": {"userId": 3, "groupId": 3}}, ("added user 3 to group", ("group", "3", "3"), "")),
        ("segment-deleted", {"pre_data": {"id": 7, "name": "eu"}}, ("deleted segment", ("segment", "7", "eu"), "")),
        (
            "tag-created",
            {"data": {"type": "simple", "value": "a"}},
            ("created tag", ("tag", "simple/a", "simple:a"), ""),
        ),
        (
            "api-token-updated",
            {"data": {"id": 4, "tokenName": "t"}},
            ("changed API token", ("api-token", "4", "t"), ": it expires never"),
        ),
        ("feature-favorited", {"feature_name": "f", "project": "p"}, ("made", ("flag", "f", "f"), "a favourite")),
        ("drop-tags", {}, ("dropped all tags before an import", None, "")),
        (
            "flagkeeper-events-exported",
            {"data": {"events": 3, "format": "csv"}},
            ("exported 3 events as csv", None, ""),
        ),
        (
            "client-register",
            {"data": {"appName": "a"}},
            ("Client", ("application", "a", "a"), "registered in ? with SDK ? ?"),
        ),
    ],
)
def test_what_is_named_is_what_the_event_is_about(name: str, fields: dict[str, Any], parts: tuple[Any, ...]) -> None:
    fields = {**dict.fromkeys(("data", "pre_data")), **dict.fromkeys(EVENTS[name].__annotations__), **fields}
    fields.pop("about")
    event = EVENTS[name](**fields)
    said = sentence_of(event.summary("ann"), "ann", event.subject() if "{" in event.about.subject else "")
    named = said.object and (said.object.kind, said.object.id, said.object.name)
    assert (said.verb, named, said.detail) == parts


def test_a_sentence_of_another_server_has_no_address_of_it() -> None:
    summary = "**ann** enabled **[f](https://old.example.com/projects/p/features/f)** in environment **e**"
    found = sentence_of(summary, "ann", "flag/f/e").object
    assert found is not None
    assert found.path == "/projects/p/features/f"
    strange = sentence_of("Something **odd* happened", "ann", "flag/f")
    assert (strange.verb, strange.object) == ("Something **odd* happened", None)
    begun = time.process_time()
    for odd in ("**[x", "**[x](", "**x** in project **", "\\**"):
        sentence_of(f"**ann** did {odd * 20_000}", "ann", "flag/f")
    assert time.process_time() - begun < 5, "what an import brings is read once, whatever it is"


def test_tones() -> None:
    tones = {name: kind.about.tone for name, kind in EVENTS.items()}
    assert Counter(tones.values()).keys() == set(get_args(Tone))
    for tone, names in {
        "on": "feature-environment-enabled",
        "off": "feature-environment-disabled",
        "created": "feature-created feature-strategy-add feature-revived segment-import feature-tagged change-added",
        "changed": "feature-strategy-update project-updated feature-stale-on change-request-applied",
        "removed": "feature-deleted feature-strategy-remove feature-untagged drop-features change-discarded",
        "archive": "feature-archived project-archived",
        "access": "user-created role-deleted project-access-added api-token-created pat-deleted group-user-removed",
        "neutral": "client-metrics feature-favorited flagkeeper-events-exported flagkeeper-events-archived",
    }.items():
        assert {name: tones[name] for name in names.split()} == dict.fromkeys(names.split(), tone)


def test_payloads_read_from_the_log_are_found_by_their_python_names() -> None:
    """`events rebuild` knows some old payloads only as JSON."""
    event = EVENTS["change-request-scheduled"](
        project="p", environment="e", data={"changeRequestId": 7, "scheduledDate": "soon"}
    )
    assert event.subject() == "change-request/7"
    assert event.summary("ann") == (
        f"**ann** scheduled change request **[\\#7]({BASE_URL}/projects/p/change-requests/7)** "
        f"in environment **e** of project **[p]({BASE_URL}/projects/p)** for **soon**"
    )
