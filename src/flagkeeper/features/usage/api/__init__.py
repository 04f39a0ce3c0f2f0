"""The usage API: what SDKs send, and what people read."""

from flagkeeper.features.usage.api.admin import ROUTES
from flagkeeper.features.usage.api.client import OPERATIONS, UsageEndpoints

__all__ = ["OPERATIONS", "ROUTES", "UsageEndpoints"]
