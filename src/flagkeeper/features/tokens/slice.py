"""What the server has to know of tokens."""

from flagkeeper.features.environments.ports import TOKENS_BY_ENVIRONMENT
from flagkeeper.features.projects.ports import TOKENS_OF_PROJECT
from flagkeeper.features.tokens import api, commands, keeper, queries, steps, tables
from flagkeeper.features.tokens.jobs import SeenTokens
from flagkeeper.features.users.ports import PATS_SEEN, TOKENS_OF_USER
from flagkeeper.slice import Slice, running

SEEN_TOKENS = running("seen_tokens", lambda parts: SeenTokens(parts.units, parts.supervisor))

SLICE = Slice(
    name="tokens",
    routes=api.ROUTES,
    eventless={"POST /edge/validate": "asks which tokens are valid; a proxy does so all day"},
    tables=tables,
    keepers=keeper.KEEPERS,
    ops=steps.OPS,
    answers=(
        TOKENS_BY_ENVIRONMENT.answered_by(queries.count_by_environment),
        TOKENS_OF_PROJECT.answered_by(commands.delete_of_project),
        TOKENS_OF_USER.answered_by(commands.delete_pats_of),
        PATS_SEEN.answered_by(queries.pats_seen),
    ),
    parts=(SEEN_TOKENS,),
)
