"""Which tokens are valid, and what they open: upstream is asked once for each, and again every few seconds for all.

A token that is not valid any more stops within one such interval, or at once when upstream ends its stream. While
upstream is away, what was valid stays valid.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256

import msgspec
import structlog

from flagkeeper.edge.model import Scope
from flagkeeper.edge.recheck import Recheck
from flagkeeper.edge.settings import TOKEN
from flagkeeper.edge.snapshots import KnownToken
from flagkeeper.edge.strangers import Strangers
from flagkeeper.edge.token import KINDS, USES, Token, Valid, Validated, token_of
from flagkeeper.http.caller import Credential, Kind
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, NotFound, Unavailable
from flagkeeper.outbound.errors import OutboundError
from flagkeeper.outbound.upstream import UpstreamServer, pause
from flagkeeper.supervisor import SupervisedTask, Supervisor

VALIDATE = "/edge/validate"
MOST_TOKENS = 10_000
"""Valid ones that are known at a time; those that are used least are asked about again."""
MOST_REFUSED = 10_000
REFUSED_FOR = 10 * clock.SECOND
"""How long a token that upstream does not know is not asked about again."""
MOST_WAITING = 1_000
"""Requests with different unknown tokens that wait for upstream's word."""
BATCH = 100
"""Tokens of one question."""
AFTER_FAILURE = 0.5
"""Seconds until the next question after one that was not answered."""
PATIENCE = 5.0
"""Seconds that a request waits for it."""

log = structlog.get_logger("flagkeeper.edge")


def hash_of(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


class Tokens:
    """A `TokenView` of what upstream says. All methods run on the event loop.

    Args:
        given: those of the settings, which are never forgotten.
        every: seconds between two questions about all of them.
    """

    def __init__(self, upstream: UpstreamServer, given: Sequence[str], every: float) -> None:
        self._upstream = upstream
        self._given = given
        self._every = every
        self._known: OrderedDict[str, Token] = OrderedDict()
        """By the hash of the secret."""
        self._refused: OrderedDict[str, clock.Millis] = OrderedDict()
        self._asked: dict[str, asyncio.Future[None]] = {}
        self._asking = asyncio.Event()
        self._doubt = asyncio.Event()
        self._recheck = Recheck(upstream)
        self.strangers = Strangers()
        self._tasks: list[SupervisedTask] = []
        self.tell: Callable[[], None] = lambda: None
        """Is called when some tokens are valid that were not, or the other way round."""
        self.trouble: str | None = None
        """Why upstream could not be asked when it was asked last."""

    def find(self, secret: str) -> Credential | None:
        found = self._known.get(hash_of(secret))
        return None if found is None else found.credential

    def secret_for(self, scope: Scope) -> str | None:
        """A backend token with which the flags of a scope can be had."""
        return next((each.secret for each in self.backends() if each.secret and each.scope == scope), None)

    def secret_of(self, environment: str | None) -> str:
        """Any backend token of an environment, or of any, to report with.

        Raises:
            NotFound: none is valid any more.
            Unavailable: nobody has shown one since the start, or upstream could not be asked yet.
        """
        found = [each for each in self.backends() if environment in (None, each.credential.environment)]
        secret = next((each.secret for each in found if each.secret), None)
        of = "" if environment is None else f" of {environment}"
        if secret is None and not found and self.trouble is None:
            raise NotFound(f"No backend token{of} is valid any more.")
        if secret is None:
            raise Unavailable(f"There is no backend token{of} to report with.")
        return secret

    def backends(self) -> Iterator[Token]:
        return (each for each in self._known.values() if each.credential.kind is Kind.BACKEND)

    def scopes_given(self) -> set[Scope]:
        """Those of the tokens in the settings, as far as they are known to be valid."""
        known = (self._known.get(hash_of(secret)) for secret in self._given)
        return {each.scope for each in known if each is not None}

    def known(self) -> dict[str, KnownToken]:
        """What is kept on disk."""
        return {
            key: KnownToken(str(each.credential.kind), each.credential.environment, each.credential.projects)
            for key, each in self._known.items()
        }

    def remember(self, kept: dict[str, KnownToken]) -> None:
        """Takes what was on disk. It is believed where upstream cannot be asked."""
        secrets = {hash_of(secret): secret for secret in self._given}
        for key, each in kept.items():
            if each.type in KINDS and len(self._known) < MOST_TOKENS:
                self._known[key] = token_of(key, each, secrets.get(key))

    async def ask_about_given(self) -> None:
        """Asks about the tokens of the settings, at the start.

        Raises:
            Unavailable: upstream cannot be asked.
            BadData: one of them is not valid, or no backend token.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                await self._ask(self._given)
        except TimeoutError as error:
            self.trouble = f"{self._upstream.url} does not answer."
            raise Unavailable(self.trouble) from error
        for number, secret in enumerate(self._given, 1):
            found = self.find(secret)
            if found is None:
                raise BadData(f"{self._upstream.url} does not know token {number} of --token (TOKENS).")
            if found.kind is not Kind.BACKEND:
                raise BadData(
                    f"Token {number} of --token (TOKENS) is a token for {USES[found.kind]}. Give backend tokens: all "
                    "others are served when they come."
                )

    def start(self, supervisor: Supervisor) -> None:
        self._tasks = [
            supervisor.start("edge-token-questions", self._answer_questions),
            supervisor.start("edge-token-revalidation", self._revalidate),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            await task.stop()

    def doubt(self, refused: str | None = None) -> None:
        """Something says that tokens may have been revoked, or upstream has refused one: asks about all of them now."""
        if refused is not None:
            self._recheck.suspect(hash_of(refused))
        self._doubt.set()

    async def look_up(self, secret: str, address: str) -> None:
        """Finds out about a token that comes with a request, if it is not known.

        Raises:
            Unavailable: upstream cannot be asked, or is asked about too many.
            RateLimited: too many unknown ones came from this address.
        """
        key = hash_of(secret)
        found = self._known.get(key)
        if found is not None and found.secret is not None:
            self._known.move_to_end(key)
            return
        if self._refused.get(key, 0) > clock.now() or not TOKEN.fullmatch(secret):
            return
        if found is None:
            self.strangers.demand(address, clock.now())
        try:
            await self._wait_for_word(secret)
            if key not in self._known:
                self.strangers.was_wrong(address)
        except Unavailable:
            if found is None:
                raise
            found.secret = secret  # it was valid when upstream could be asked last
            self.tell()

    async def _wait_for_word(self, secret: str) -> None:
        asked = self._asked.get(secret)
        if asked is None:
            if len(self._asked) >= MOST_WAITING:
                raise Unavailable("Too many unknown tokens wait for an answer. Try again.")
            asked = self._asked[secret] = asyncio.get_running_loop().create_future()
            self._asking.set()
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.shield(asked)
        except TimeoutError:
            raise Unavailable("Nobody said in time whether this token is valid. Try again.") from None

    async def _answer_questions(self) -> None:
        """One question at a time, however many strangers come."""
        while True:
            await self._asking.wait()
            self._asking.clear()
            while batch := list(self._asked)[:BATCH]:
                failure: Unavailable | None = None
                try:
                    await self._ask(batch)
                except Unavailable as error:
                    failure = error
                self._tell_waiting(batch, failure)
                if failure is not None:
                    await asyncio.sleep(AFTER_FAILURE)

    def _tell_waiting(self, batch: Iterable[str], failure: Unavailable | None) -> None:
        for secret in batch:
            asked = self._asked.pop(secret)
            if asked.done():
                continue
            if failure is None:
                asked.set_result(None)
            else:
                asked.set_exception(Unavailable(failure.message))
                asked.exception()  # whoever waited for it may have left

    async def _revalidate(self) -> None:
        while True:
            await pause(self._every, self._doubt)
            secrets = [each.secret for each in self._known.values() if each.secret is not None]
            every = list(dict.fromkeys((*self._given, *secrets)))
            try:
                for start in range(0, len(every), BATCH):
                    await self._ask(every[start : start + BATCH])
            except Unavailable:
                continue  # it was said when it began
            for key in await self._recheck.denied(list(self._known.items())):
                self._forget(key)
                self.tell()

    async def _ask(self, secrets: Sequence[str]) -> None:
        """Asks upstream which of these are valid, and takes its word.

        Raises:
            Unavailable: there is no answer, or none that makes sense.
        """
        body = msgspec.json.encode({"tokens": list(secrets)})
        try:
            answer = await self._upstream.post(VALIDATE, body, {})
            if answer.status != 200:
                raise Unavailable(f"{self._upstream.url} answers {answer.status} to a question about tokens.")
            said = msgspec.json.decode(answer.body, type=Validated).tokens
        except (OutboundError, msgspec.DecodeError, UnicodeDecodeError, Unavailable) as error:
            if self.trouble is None:
                log.warning("tokens_not_validated", error=str(error))
            self.trouble = str(error)
            raise Unavailable(f"It cannot be found out whether a token is valid: {error}") from error
        self.trouble = None
        known = [each for each in said if each.type in KINDS]
        self._take(secrets, [each for each in known if await self._is_taken(each)])

    async def _is_taken(self, valid: Valid) -> bool:
        return await self._recheck.allows(hash_of(valid.token), valid.token, KINDS[valid.type])

    def _take(self, secrets: Iterable[str], valid: Iterable[Valid]) -> None:
        changed = False
        said = {each.token: each for each in valid}
        for secret in secrets:
            key, found = hash_of(secret), said.get(secret)
            if found is None:
                changed = self._forget(key) or changed
                continue
            self._refused.pop(key, None)
            token = token_of(key, found.opens, secret)
            changed = changed or self._known.get(key) != token
            self._known[key] = token
        self._bound()
        if changed:
            self.tell()

    def _forget(self, key: str) -> bool:
        """Whether it was known."""
        self._refused[key] = clock.now() + REFUSED_FOR
        if self._known.pop(key, None) is None:
            return False
        log.warning("token_not_valid_any_more", hash=key[:12])
        return True

    def _bound(self) -> None:
        given = {hash_of(secret) for secret in self._given}
        for key in list(self._known)[: max(0, len(self._known) - MOST_TOKENS)]:
            if key not in given:
                del self._known[key]
        while len(self._refused) > MOST_REFUSED:
            self._refused.popitem(last=False)
