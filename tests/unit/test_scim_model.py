"""The filters and the PATCH of SCIM, as pure functions."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagkeeper.features.scim.model.error import ScimError
from flagkeeper.features.scim.model.filter import read_filter, read_path
from flagkeeper.features.scim.model.patch import Operation, patched
from flagkeeper.features.scim.model.resource import READ_ONLY, read_user

ADA: dict[str, Any] = {
    "id": "7",
    "userName": "Ada@Example.com",
    "externalId": "aB1",
    "name": {"givenName": "Ada", "familyName": "King"},
    "active": True,
    "emails": [{"value": "ada@example.com", "type": "work", "primary": True}, {"value": "a@home.test", "type": "home"}],
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('userName eq "ada@example.com"', True),
        ('USERNAME Eq "ADA@example.com"', True),
        ('urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada@example.com"', True),
        ('userName ne "ada@example.com"', False),
        ('userName sw "ada"', True),
        ('userName ew ".com"', True),
        ('userName co "@EX"', True),
        ('externalId eq "aB1"', True),
        ('externalId eq "ab1"', False),
        ('name.givenName eq "ada"', True),
        ('name.givenName gt "abc"', True),
        ('name.givenName lt "abc"', False),
        ("active eq true", True),
        ("active eq false", False),
        ('active eq "true"', False),
        ("title pr", False),
        ("title eq null", True),
        ("emails pr", True),
        ('emails eq "a@home.test"', True),
        ('emails.type eq "home"', True),
        ('emails[type eq "work" and value co "home"]', False),
        ('emails[type eq "home" and value co "home"]', True),
        ('emails[type eq "work"].value eq "ADA@example.com"', True),
        ('emails[type eq "home"].value eq "ada@example.com"', False),
        ('emails[type eq "work"].value pr and active eq true', True),
        ('not (userName eq "x")', True),
        ('userName eq "x" or userName sw "ada" and active eq true', True),
        ('(userName eq "x" or userName sw "ada") and active eq false', False),
        ('userName eq "x" or active eq false', False),
        ('userName eq "a\\"b"', False),
    ],
)
def test_filters(text: str, holds: bool) -> None:
    assert read_filter(text)(ADA) is holds


@pytest.mark.parametrize(
    "text",
    [
        *("", "userName", "userName eq", 'userName eq "x', "userName eq x", 'userName like "x"', '(userName eq "x"'),
        *('userName eq "x" and', 'userName eq "x")', "not userName pr", "emails[", "(" * 100 + "a pr", "a gt 1"),
        *('emails[type eq "work"].value', 'emails[type eq "work"].value eq', 'emails[type eq "work"] value eq "x"'),
        "x" * 3000,
    ],
)
def test_filters_that_make_no_sense(text: str) -> None:
    with pytest.raises(ScimError) as found:
        read_filter(text)(ADA)
    assert (found.value.status, found.value.kind) == (400, "invalidFilter")


@given(st.text(alphabet='ab ()[]".not andorqp\\:', max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (read_filter, read_path):
        with suppress(ScimError):
            read(text)


def change(*operations: dict[str, Any], document: dict[str, Any] = ADA) -> dict[str, Any]:
    before = repr(document)
    new = patched(document, [Operation(**each) for each in operations], READ_ONLY)
    assert repr(document) == before
    return new


MEMBERS = {"members": [{"value": "1"}, {"value": "2"}]}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        # Entra ID
        ({"op": "Replace", "path": "active", "value": "False"}, {"active": "False"}),
        ({"op": "Replace", "path": 'emails[type eq "work"].value', "value": "n@x.test"}, {("emails", 0): "n@x.test"}),
        ({"op": "Add", "path": 'emails[type eq "other"].value', "value": "n@x.test"}, {("emails", 2): "n@x.test"}),
        ({"op": "Replace", "path": "name.familyName", "value": "Lovelace"}, {("name", "familyName"): "Lovelace"}),
        ({"op": "Add", "value": {"name.givenName": "A.", "displayName": "AL"}}, {("name", "givenName"): "A."}),
        (
            {"op": "Replace", "path": "displayName", "value": [{"$ref": None, "value": "Ada L."}]},
            {"displayName": "Ada L."},
        ),
        ({"op": "Add", "path": "name.familyName", "value": [{"value": "L."}]}, {("name", "familyName"): "L."}),
        # Okta
        ({"op": "replace", "value": {"active": False, "id": "9"}}, {"active": False, "id": "7"}),
        ({"op": "replace", "value": {"NAME": {"familyName": "L."}}}, {("name", "familyName"): "L."}),
        ({"op": "remove", "path": "externalId"}, {"externalId": None}),
        ({"op": "remove", "path": "name.givenName"}, {("name", "givenName"): None}),
        ({"op": "remove", "path": 'emails[type eq "work"]'}, {("emails", 0): "a@home.test"}),
        (
            {"op": "add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:displayName", "value": "x"},
            {"displayName": "x"},
        ),
    ],
)
def test_one_change_of_a_user(operation: dict[str, Any], expected: dict[Any, Any]) -> None:
    new = change(operation)
    for where, value in expected.items():
        match where:
            case str():
                assert new.get(where) == value
            case (list_, int(place)):
                assert new[list_][place]["value"] == value
            case (outer, inner):
                assert new[outer].get(inner) == value
    assert new["userName"] == ADA["userName"]


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ({"op": "Add", "path": "members", "value": [{"value": "2"}, {"value": "3"}]}, ["1", "2", "3"]),
        ({"op": "add", "path": "members", "value": {"value": "3"}}, ["1", "2", "3"]),
        ({"op": "add", "value": {"members": [{"value": "3"}]}}, ["1", "2", "3"]),
        ({"op": "Remove", "path": "members", "value": [{"value": "1"}]}, ["2"]),
        ({"op": "remove", "path": 'members[value eq "1"]'}, ["2"]),
        ({"op": "remove", "path": 'members[value eq "9"]'}, ["1", "2"]),
        ({"op": "remove", "path": "members", "value": []}, ["1", "2"]),
        ({"op": "remove", "path": "members"}, None),
        ({"op": "replace", "path": "members", "value": [{"value": "9"}]}, ["9"]),
    ],
)
def test_one_change_of_members(operation: dict[str, Any], members: list[str] | None) -> None:
    found = change(operation, document=MEMBERS).get("members")
    assert (None if found is None else [each["value"] for each in found]) == members


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "move", "path": "active"},
        {"op": "remove"},
        {"op": "add", "value": "x"},
        {"op": "add", "path": "a b", "value": 1},
        {"op": "add", "path": 'emails[type eq "work"', "value": 1},
        {"op": "replace", "path": 'emails[type sw "x"].value', "value": 1},
        {"op": "replace", "path": 'emails[type eq "work"]', "value": 1},
    ],
)
def test_changes_that_make_no_sense(operation: dict[str, Any]) -> None:
    with pytest.raises(ScimError) as found:
        change(operation)
    assert found.value.status == 400


def test_what_a_provider_says_of_somebody() -> None:
    user = read_user({"USERNAME": "ada", "emails": ADA["emails"][::-1], "active": "False", "name": {"formatted": "A"}})
    assert (user.email(), user.active, user.shown_name()) == ("ada@example.com", False, "A")
    assert read_user({"userName": "A@b.test", "active": True}).email() == "a@b.test"
    assert read_user({"userName": "ada"}).email() is None
    for wrong in ({}, {"userName": ""}, {"userName": 7}, {"userName": "x" * 300}, {"userName": "a", "emails": "x"}):
        with pytest.raises(ScimError):
            read_user(wrong)
