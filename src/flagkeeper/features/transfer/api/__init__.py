"""Routes of moving states and flags."""

from flagkeeper.features.transfer.api import flags, state

ROUTES = [*state.ROUTES, *flags.ROUTES]
