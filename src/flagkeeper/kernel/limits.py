"""How much there may be of something before a command refuses more (facts: platform-model.md, section 15)."""

import msgspec


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
    """Of one strategy or segment."""
    constraint_values: int = 250
    """Of one constraint."""
    api_tokens: int = 2000
    projects: int = 500
    environments: int = 50
