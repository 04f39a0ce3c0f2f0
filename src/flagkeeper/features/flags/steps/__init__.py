"""Changes of flags as steps: of one flag each. What a route does to many at once is one step for each of them."""

from flagkeeper.features.flags.steps import environments, flags, relations, types

OPS = (*flags.OPS, *environments.OPS, *types.OPS, *relations.OPS)
