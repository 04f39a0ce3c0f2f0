"""How much there may be of something before a command refuses more."""

from typing import Annotated, TypeVar

import msgspec

ItemT = TypeVar("ItemT")

MOST_AT_ONCE = 1_000
"""Items in one list of a request, each of which is work of its own."""
AtOnce = Annotated[list[ItemT], msgspec.Meta(max_length=MOST_AT_ONCE)]
"""Such a list: a longer one is refused while the request is read."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Each can be raised by the environment variable `UNLEASH_<NAME>_LIMIT`, such as `UNLEASH_FEATURE_FLAGS_LIMIT`."""

    feature_flags: int = 5000
    """Flags in use in all projects; archived ones are not counted."""
    segments: int = 300
    segment_values: int = 1000
    """Values in all constraints of one segment."""
    strategy_segments: int = 5
    """Segments of one strategy."""
    feature_environment_strategies: int = 30
    """Strategies of one flag in one environment."""
    constraints: int = 30
    """Of one strategy."""
    constraint_values: int = 250
    """Of one constraint of a strategy."""
    api_tokens: int = 2000
    projects: int = 500
    environments: int = 50
    signup_tokens: int = 100
    """Links by which people sign up; those that expired are counted too."""


class PerMinute(msgspec.Struct, frozen=True, kw_only=True):
    """How often something may be tried from one network in a minute, on all servers together."""

    logins: int = 10
    """`SIMPLE_LOGIN_LIMIT_PER_MINUTE`."""
    new_users: int = 20
    """`CREATE_USER_RATE_LIMIT_PER_MINUTE`."""
    reset_mails: int = 1
    """`PASSWORD_RESET_LIMIT_PER_MINUTE`."""
    sign_ups: int = 10
    """`FLAGKEEPER_SIGN_UP_LIMIT_PER_MINUTE`."""
