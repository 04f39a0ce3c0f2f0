"""What the server has to know of credentials."""

from flagkeeper.eventlog.follow import MemoryRunner
from flagkeeper.features.tokens.slice import SEEN_TOKENS
from flagkeeper.readmodels.credentials.sessions import UserSessions
from flagkeeper.readmodels.credentials.view import CredentialView
from flagkeeper.slice import Part, Slice, running

TOKEN_VIEW = Part("token_view", lambda parts: CredentialView(parts[SEEN_TOKENS]))
USER_SESSIONS = Part("user_sessions", lambda parts: UserSessions(parts.background_reader, parts[TOKEN_VIEW]))
CREDENTIALS = running("credentials", lambda parts: MemoryRunner(parts[TOKEN_VIEW], parts.log_reader))

SLICE = Slice(
    name="credentials",
    parts=(CREDENTIALS,),
    provides=(TOKEN_VIEW, CREDENTIALS),
    followers=(CREDENTIALS,),
    seen_first=(CREDENTIALS,),
)
