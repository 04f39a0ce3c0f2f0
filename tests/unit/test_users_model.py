"""Users and passwords, without a database."""

import argon2
import pytest
from msgspec import UNSET

from flagkeeper.features.users.model.password import demand_strong, hash_password, is_outdated, matches
from flagkeeper.features.users.model.session import hash_of, new_session
from flagkeeper.features.users.model.user import User, UserChange, changed, draft
from flagkeeper.first_start import new_password
from flagkeeper.kernel.errors import BadData, WeakPassword

ADA = User(id=7, username="ada", email="ada@example.com", name="Ada", root_role=3, created_at=0)


@pytest.mark.parametrize(
    ("password", "missing"),
    [
        ("Str0ng!passw0rd", 0),
        ("Aa1!" * 32, 0),
        ("", 5),
        ("short", 4),
        ("Aa1!Aa1!a", 1),
        ("Aa1!" * 32 + "A", 1),
        ("str0ng!password", 1),
        ("STR0NG!PASSWORD", 1),
        ("Strong!password", 1),
        ("Str0ngpassw0rd", 1),
        ("Str0ng passw0rd", 1),
        ("Str0ng!paaassw0rd", 1),
    ],
)
def test_a_password_is_told_everything_that_it_misses(password: str, missing: int) -> None:
    if not missing:
        demand_strong(password)
        return
    with pytest.raises(WeakPassword) as caught:
        demand_strong(password)
    (detail,) = caught.value.details
    assert len(detail.validationErrors or []) == missing


def test_a_made_up_password_is_strong_and_never_the_same() -> None:
    made = {new_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        demand_strong(password)


def test_a_hash_matches_its_password_only() -> None:
    kept = hash_password("Str0ng!passw0rd")
    assert kept.startswith("$argon2id$")
    assert kept != hash_password("Str0ng!passw0rd")
    assert matches("Str0ng!passw0rd", kept)
    assert not matches("Str0ng!passw0re", kept)
    assert not matches("Str0ng!passw0rd", None)
    assert not matches("Str0ng!passw0rd", "no hash at all")
    assert not is_outdated(kept)
    assert is_outdated(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))


def test_a_password_is_the_same_on_every_keyboard() -> None:
    one_letter, letter_and_mark = "Zu\u0308rich-4711!", "Z\u00fcrich-4711!"
    for typed in (one_letter, letter_and_mark):
        assert all(matches(typed, hash_password(chosen)) for chosen in (one_letter, letter_and_mark))
    assert not matches("Zurich-4711!", hash_password(one_letter))


def test_session_ids_are_long_and_random() -> None:
    first, second = new_session(), new_session()
    assert first != second
    assert len(first) >= 43
    assert hash_of(first) not in (first, hash_of(second))


def test_a_draft_is_trimmed() -> None:
    made = draft(username=" ada ", email=" Ada@Example.COM ", name="  ", root_role=3)
    assert (made.username, made.email, made.name) == ("ada", "ada@example.com", None)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({}, "/body/username"),
        ({"username": "  "}, "/body/username"),
        ({"email": "ada"}, "/body/email"),
        ({"email": "ada@example"}, "/body/email"),
        ({"email": "a da@example.com"}, "/body/email"),
        ({"username": "a" * 256}, "/body/username"),
        ({"username": "ada", "name": "a" * 256}, "/body/name"),
    ],
)
def test_a_draft_that_cannot_be(wrong: dict[str, str], path: str) -> None:
    with pytest.raises(BadData) as caught:
        draft(root_role=3, **wrong)
    assert caught.value.details[0].path == path


def test_a_change_touches_what_it_names() -> None:
    assert changed(ADA, UserChange()) == ADA
    assert changed(ADA, UserChange(name="Ada L.")).name == "Ada L."
    assert changed(ADA, UserChange(email=None, name=None)).email is None
    assert changed(ADA, UserChange(root_role=1)).root_role == 1
    assert UserChange().name is UNSET
