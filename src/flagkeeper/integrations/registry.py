"""Every provider, in the order in which they are offered."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from flagkeeper.integrations.protocol.parameters import ORDERED
from flagkeeper.integrations.protocol.provider import Provider
from flagkeeper.integrations.providers import (
    cloudevents,
    datadog,
    email,
    grafana,
    nats,
    new_relic,
    slack,
    slack_app,
    teams,
    teams_workflow,
    webhook,
)

_MODULES = (
    webhook,
    slack,
    slack_app,
    teams,
    teams_workflow,
    datadog,
    new_relic,
    grafana,
    cloudevents,
    email,
    nats,
)


def _with_order(provider: Provider) -> Provider:
    definition = provider.definition
    complete = msgspec.structs.replace(definition, parameters=(*definition.parameters, ORDERED))
    return msgspec.structs.replace(provider, definition=complete)


PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {module.PROVIDER.name: _with_order(module.PROVIDER) for module in _MODULES}
)
"""By wire name."""
