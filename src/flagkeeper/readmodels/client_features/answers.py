"""Answers ready to be sent: joined once per query and revision, compressed once, and bounded in memory."""

import asyncio
import gzip
from collections import OrderedDict
from enum import Enum

import msgspec
import zstandard

from flagkeeper.http.conditional import accepts, accepts_gzip
from flagkeeper.http.raw import JSON
from flagkeeper.readmodels.client_features.follower import Now
from flagkeeper.readmodels.client_features.query import FeatureQuery

LARGEST = 128 * 1024 * 1024
"""Bytes of bodies kept. Queries can be made up by whoever has a token; the least used answers go first."""
LEVEL = 6
"""Of compression: 1,000 flags take some milliseconds, on a thread, once per change."""
ZSTD_LEVEL = 3
"""A tenth of the time of gzip, for a body that is no larger."""

_VARY = (b"vary", b"Accept-Encoding")


class Answer(msgspec.Struct, frozen=True):
    """A body and its headers. `etag` tells whether it is still what the state would give."""

    etag: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Coding(Enum):
    """How a body is packed: the names are those of `Content-Encoding`."""

    PLAIN = b"identity"
    GZIP = b"gzip"
    ZSTD = b"zstd"

    def pack(self, body: bytes) -> bytes:
        match self:
            case Coding.PLAIN:
                return body
            case Coding.GZIP:
                return gzip.compress(body, LEVEL, mtime=0)
            case Coding.ZSTD:
                return zstandard.compress(body, ZSTD_LEVEL)


def best_coding(accept_encoding: bytes) -> Coding:
    """The one of those that a client takes which costs it and us the least."""
    if accepts(accept_encoding, b"zstd"):
        return Coding.ZSTD
    return Coding.GZIP if accepts_gzip(accept_encoding) else Coding.PLAIN


class Form(Enum):
    """What is made of the flags that a query sees."""

    FEATURES = "features"
    """The document that SDKs poll."""
    HYDRATION = "hydration"
    """The first event of a delta."""


class Key(msgspec.Struct, frozen=True):
    """Which answer."""

    query: FeatureQuery
    form: Form
    coding: Coding = Coding.PLAIN


class Answers:
    """The answers of one server. All methods run on the event loop; the work is done on threads."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._kept: OrderedDict[Key, Answer] = OrderedDict()
        self._building: dict[tuple[Key, bytes], asyncio.Future[Answer]] = {}
        self.size = 0
        """Bytes of bodies kept now."""

    def ready(self, key: Key, etag: bytes) -> Answer | None:
        """The answer, if it is there and no older than `etag`."""
        answer = self._kept.get(key)
        if answer is None or answer.etag != etag:
            return None
        self._kept.move_to_end(key)
        return answer

    async def get(self, now: Now, key: Key, etag: bytes) -> Answer:
        """The answer, made now if need be; whoever asks for the same one meanwhile waits for it too."""
        return self.ready(key, etag) or await self._build(now, key, etag)

    async def _build(self, now: Now, key: Key, etag: bytes) -> Answer:
        building = self._building.get((key, etag))
        if building is None:
            building = asyncio.ensure_future(self._make(now, key, etag))
            self._building[key, etag] = building
            building.add_done_callback(lambda _: self._building.pop((key, etag)))
        return await asyncio.shield(building)

    async def _make(self, now: Now, key: Key, etag: bytes) -> Answer:
        if key.coding is not Coding.PLAIN:
            plain = await self.get(now, msgspec.structs.replace(key, coding=Coding.PLAIN), etag)
            body = await asyncio.to_thread(key.coding.pack, plain.body)
        elif key.form is Form.FEATURES:
            body = await asyncio.to_thread(now.state.answer, key.query)
        else:
            body = await asyncio.to_thread(now.state.hydration, key.query, now.revision.id)
        headers = [JSON, (b"etag", etag), _VARY, (b"content-length", str(len(body)).encode())]
        if key.coding is not Coding.PLAIN:
            headers.append((b"content-encoding", key.coding.value))
        answer = Answer(etag, headers, body)
        self._keep(key, answer)
        return answer

    def _keep(self, key: Key, answer: Answer) -> None:
        old = self._kept.pop(key, None)
        self.size += len(answer.body) - (len(old.body) if old else 0)
        self._kept[key] = answer
        while self.size > self._largest and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self.size -= len(dropped.body)
