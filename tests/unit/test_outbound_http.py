"""Requests over real sockets: what is read, what is not followed, what a misbehaving receiver can do, and names that
lead elsewhere the second time."""

import asyncio
import gzip
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from flagkeeper.outbound import http
from flagkeeper.outbound.address import Address, Policy, read_policy
from flagkeeper.outbound.client import OutboundClient
from flagkeeper.outbound.errors import Refused, TimedOut, Unreachable
from flagkeeper.outbound.guard import Lookup, system_lookup
from flagkeeper.outbound.outgoing import HttpRequest, SendResult
from tests.certificates import Certificates

HERE = read_policy(("127.0.0.1", "::1"))
ALL_OF_THIS_MACHINE = Policy(allow_private=True)

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]


class Receiver:
    """A server that says exactly what a test wants, and remembers what it was sent."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.connections = 0
        self.requests: list[bytes] = []
        self.busiest = 0
        self._busy = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int((head.lower().split(b"content-length: ")[1:] or [b"0"])[0].split(b"\r\n")[0])
                request = head + await reader.readexactly(length)
                self.requests.append(request)
                self._busy += 1
                self.busiest = max(self.busiest, self._busy)
                try:
                    await self._handler(reader, writer, request)
                    await writer.drain()
                finally:
                    self._busy -= 1
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiver(
    handler: Handler, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Receiver, int]]:
    served = Receiver(handler)
    server = await asyncio.start_server(served.serve, host, port, ssl=tls)
    try:
        yield served, server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def outbound_client(
    policy: Policy = HERE, timeout: float = 10.0, lookup: Lookup = system_lookup
) -> AsyncIterator[OutboundClient]:
    opened = OutboundClient(policy, timeout=timeout, lookup=lookup)
    try:
        yield opened
    finally:
        await opened.close()


def answering(status: str, body: bytes = b"", *headers: str) -> Handler:
    async def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)

    return handle


async def test_a_request_arrives_as_it_was_made() -> None:
    async with receiver(answering("201 Created", b"thanks")) as (served, port), outbound_client() as opened:
        answer = await opened.request(
            HttpRequest(url=f"http://127.0.0.1:{port}/a/../%7ehook?a=%2fb'", headers={"X-One": "1"}, body=b'{"a":1}')
        )
    assert (answer.result, answer.status, answer.body) == (SendResult.ANSWERED, 201, b"thanks")
    head, _, body = served.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a/../%7ehook?a=%2fb' HTTP/1.1\r\n")
    assert b"X-One: 1" in head
    assert b"User-Agent: Flagkeeper/" in head
    assert body == b'{"a":1}'


async def test_connections_are_kept_and_used_again() -> None:
    async with receiver(answering("200 OK")) as (served, port), outbound_client() as opened:
        for _ in range(5):
            await opened.request(HttpRequest(url=f"http://127.0.0.1:{port}/"))
    assert (len(served.requests), served.connections) == (5, 1)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_redirects_are_not_followed(status: str) -> None:
    async with (
        receiver(answering("200 OK")) as (inside, other),
        receiver(answering(status, b"", f"Location: http://127.0.0.1:{other}/secret")) as (_, port),
        outbound_client() as opened,
    ):
        answer = await opened.request(HttpRequest(url=f"http://127.0.0.1:{port}/"))
    assert answer.status == int(status[:3])
    assert inside.connections == 0


async def test_no_more_of_an_answer_is_read_than_is_of_use() -> None:
    async with receiver(answering("200 OK", b"x" * 5_000_000)) as (_, port), outbound_client() as opened:
        answer = await opened.request(HttpRequest(url=f"http://127.0.0.1:{port}/"))
    assert len(answer.body) == http.MOST_BODY


async def test_a_packed_answer_is_not_unpacked() -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    async with receiver(answering("200 OK", bomb, "Content-Encoding: gzip")) as (_, port), outbound_client() as opened:
        answer = await opened.request(HttpRequest(url=f"http://127.0.0.1:{port}/"))
    assert answer.body == bomb


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ("7", 7, 7),
        ("in an hour", 3500, 3601),
        ("an hour ago", 0, 0),
        ("soon", None, None),
        ("-1", None, None),
        ("1e9", None, None),
        ("9" * 30, None, None),
    ],
)
async def test_retry_after_is_seconds_or_a_date(header: str, low: float | None, high: float | None) -> None:
    hour = {"in an hour": timedelta(hours=1), "an hour ago": timedelta(hours=-1)}.get(header)
    header = format_datetime(datetime.now(UTC) + hour, usegmt=True) if hour else header
    async with receiver(answering("429 Slow", b"", f"Retry-After: {header}")) as (_, port), outbound_client() as opened:
        answer = await opened.request(HttpRequest(url=f"http://127.0.0.1:{port}/"))
    if low is None or high is None:
        assert answer.retry_after is None
    else:
        assert answer.retry_after is not None
        assert low <= answer.retry_after <= high


async def test_a_receiver_that_hangs_is_left_after_a_while() -> None:
    async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _request: bytes) -> None:
        await reader.read()

    async with receiver(hang) as (_, port), outbound_client(timeout=0.3) as opened:
        begun = time.monotonic()
        with pytest.raises(TimedOut, match=r"127\.0\.0\.1 did not answer within 0\.3 s"):
            await opened.request(HttpRequest(url=f"http://127.0.0.1:{port}/"))
        assert time.monotonic() - begun < 2
        assert (await opened.send(HttpRequest(url=f"http://127.0.0.1:{port}/"))).result is SendResult.TIMED_OUT


async def test_a_receiver_that_sends_a_drop_at_a_time_is_left_after_a_while() -> None:
    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        while True:
            writer.write(b"H")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with receiver(drip) as (_, port), outbound_client(timeout=0.3) as opened:
        answer = await opened.send(HttpRequest(url=f"http://127.0.0.1:{port}/"))
    assert answer.result in (SendResult.TIMED_OUT, SendResult.UNREACHABLE)


async def test_a_connection_that_breaks_is_no_answer() -> None:
    async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        raise ConnectionResetError

    async with receiver(reset) as (_, port), outbound_client() as opened:
        with pytest.raises(Unreachable, match="closed the connection without an answer"):
            await opened.request(HttpRequest(url=f"http://127.0.0.1:{port}/"))


async def test_an_answer_whose_body_breaks_off_counts() -> None:
    async def early(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        raise ConnectionResetError

    async with receiver(early) as (_, port), outbound_client() as opened:
        answer = await opened.request(HttpRequest(url=f"http://127.0.0.1:{port}/"))
    assert (answer.status, answer.body) == (200, b"half")


async def test_an_answer_whose_body_does_not_come_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BODY_PATIENCE", 0.1)

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        writer.write(b"HTTP/1.1 204 OK\r\nContent-Length: 100\r\n\r\n".replace(b"204", b"200"))
        await reader.read()

    async with receiver(slow) as (_, port), outbound_client() as opened:
        assert (await opened.request(HttpRequest(url=f"http://127.0.0.1:{port}/"))).status == 200


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH_9\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a" * 99999]
)
async def test_what_is_not_http_is_no_answer(said: bytes) -> None:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        writer.write(said)
        await writer.drain()
        raise ConnectionResetError

    async with receiver(talk) as (_, port), outbound_client() as opened:
        assert (await opened.send(HttpRequest(url=f"http://127.0.0.1:{port}/"))).result is SendResult.UNREACHABLE


async def test_nobody_listens() -> None:
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    async with outbound_client() as opened:
        answer = await opened.send(HttpRequest(url=f"http://127.0.0.1:{port}/"))
    assert answer.result is SendResult.UNREACHABLE
    assert answer.message == "no connection to 127.0.0.1: Connection refused"


async def test_certificates_are_checked_against_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = Certificates(tmp_path)
    async with receiver(answering("200 OK"), tls=certificates.server()) as (served, port):
        async with names("127.0.0.1") as (_, lookup), outbound_client(lookup=lookup) as opened:
            unknown = await opened.send(HttpRequest(url=f"https://broker.example:{port}/"))
        assert (unknown.result, served.requests) == (SendResult.UNREACHABLE, [])
        assert unknown.message == "the certificate of broker.example is not valid"

        monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
        async with names("127.0.0.1") as (_, lookup), outbound_client(lookup=lookup) as opened:
            trusted = await opened.send(HttpRequest(url=f"https://broker.example:{port}/"))
            other = await opened.send(HttpRequest(url=f"https://other.example:{port}/"))
        assert (trusted.status, len(served.requests)) == (200, 1)
        assert other.message == "the certificate of other.example is not valid"


async def test_header_injection_is_refused() -> None:
    async with receiver(answering("200 OK")) as (served, port), outbound_client() as opened:
        with pytest.raises(Refused):
            await opened.request(HttpRequest(url=f"http://127.0.0.1:{port}/", headers={"X": "1\r\nHost: evil"}))
    assert served.requests == []


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiver(answering("200 OK")) as (proxy, proxy_port), receiver(answering("200 OK")) as (served, port):
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy_port}")
        async with outbound_client() as opened:
            await opened.request(HttpRequest(url=f"http://127.0.0.1:{port}/"))
    assert (proxy.connections, len(served.requests)) == (0, 1)


async def test_one_host_gets_so_many_requests_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def pause(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        await asyncio.sleep(0.02)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    monkeypatch.setattr(http, "PER_HOST", 4)
    async with receiver(pause) as (served, port), outbound_client() as opened:
        await asyncio.gather(*(opened.request(HttpRequest(url=f"http://127.0.0.1:{port}/")) for _ in range(20)))
    assert (len(served.requests), served.busiest) == (20, 4)


async def test_waiting_for_ones_turn_is_not_part_of_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def pause(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        await asyncio.sleep(0.2)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    monkeypatch.setattr(http, "PER_HOST", 1)
    async with receiver(pause) as (_, port), outbound_client(timeout=0.5) as opened:
        answers = await asyncio.gather(*(opened.send(HttpRequest(url=f"http://127.0.0.1:{port}/")) for _ in range(5)))
    assert [answer.status for answer in answers] == [204] * 5


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{}/", "http://[::ffff:127.0.0.1]:{}/", "http://127.0.0.1.:{}/", "http://localhost:{}/"]
)
async def test_this_machine_is_refused_before_anything_is_sent(url: str) -> None:
    async with receiver(answering("200 OK")) as (served, port), outbound_client(Policy()) as opened:
        with pytest.raises(Refused, match="a loopback address"):
            await opened.request(HttpRequest(url=url.format(port)))
        with pytest.raises(Refused, match="a loopback address"):
            await opened.check(url.format(port))
    assert served.connections == 0


class NameServer(asyncio.DatagramProtocol):
    """A name server for one test: every question gets the next of some answers, the last one over and over."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked = 0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, sender: tuple[str | Any, int]) -> None:
        self.asked += 1
        address = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        question = data[12:]
        header = data[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0)
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + ip_address(address).packed
        self._transport.sendto(header + question + record, sender)


@asynccontextmanager
async def names(*answers: str) -> AsyncIterator[tuple[NameServer, Lookup]]:
    """A name server on a real socket, and the lookup that asks it instead of the system's."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: NameServer(*answers), local_addr=("127.0.0.1", 0))
    address = transport.get_extra_info("sockname")

    async def lookup(host: str) -> list[Address]:
        labels = b"".join(bytes([len(label)]) + label.encode() for label in host.split("."))
        question = struct.pack("!HHHHHH", 77, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            await loop.sock_connect(client, address)
            await loop.sock_sendall(client, question)
            return [ip_address((await loop.sock_recv(client, 512))[-4:])]

    try:
        yield server, lookup
    finally:
        transport.close()


async def test_a_name_that_leads_elsewhere_after_the_check_leads_nowhere() -> None:
    async with (
        receiver(answering("200 OK")) as (allowed, port),
        receiver(answering("200 OK"), "127.0.0.2", port) as (inside, _),
        names("127.0.0.1", "127.0.0.2") as (server, lookup),
        outbound_client(HERE, lookup=lookup) as opened,
    ):
        await opened.check(f"http://rebind.example:{port}/")
        with pytest.raises(Refused, match=r"rebind\.example: this is a loopback address"):
            await opened.request(HttpRequest(url=f"http://rebind.example:{port}/"))
    assert (server.asked, allowed.connections, inside.connections) == (2, 0, 0)


async def test_what_is_connected_to_is_what_was_checked() -> None:
    """The name is asked for once per connection; were it asked again for connecting, the answer would be another."""
    async with (
        receiver(answering("200 OK", b"", "Connection: close")) as (allowed, port),
        receiver(answering("200 OK"), "127.0.0.2", port) as (inside, _),
        names("127.0.0.1", "127.0.0.2", "127.0.0.1", "127.0.0.2") as (server, lookup),
        outbound_client(HERE, lookup=lookup) as opened,
    ):
        fates = [(await opened.send(HttpRequest(url=f"http://rebind.example:{port}/"))).result for _ in range(4)]
    assert fates == [SendResult.ANSWERED, SendResult.REFUSED, SendResult.ANSWERED, SendResult.REFUSED]
    assert (server.asked, allowed.connections, inside.connections) == (4, 2, 0)


@pytest.mark.parametrize(
    "found", [["8.8.8.8", "10.0.0.1"], ["::ffff:127.0.0.1"], ["64:ff9b::a9fe:a9fe"], ["2002:7f00:1::"]]
)
async def test_a_name_with_one_forbidden_address_is_refused(found: list[str]) -> None:
    async def lookup(_host: str) -> list[Address]:
        return [ip_address(each) for each in found]

    async with outbound_client(Policy(), lookup=lookup) as opened:
        with pytest.raises(Refused):
            await opened.check("https://mixed.example/")
        assert (await opened.send(HttpRequest(url="https://mixed.example/"))).result is SendResult.REFUSED


async def test_a_name_that_was_allowed_may_lead_anywhere() -> None:
    async with (
        receiver(answering("200 OK")) as (served, port),
        names("127.0.0.1") as (_, lookup),
        outbound_client(read_policy(("*.corp.example",)), lookup=lookup) as opened,
    ):
        assert (await opened.send(HttpRequest(url=f"http://hooks.corp.example:{port}/"))).status == 200
    assert served.requests[0].lower().count(f"host: hooks.corp.example:{port}".encode()) == 1


async def test_an_unknown_name_is_said_so() -> None:
    async def lookup(_host: str) -> list[Address]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    async with outbound_client(lookup=lookup) as opened:
        with pytest.raises(Unreachable, match=r"the name nowhere\.example cannot be found"):
            await opened.check("https://nowhere.example/")
        assert (await opened.send(HttpRequest(url="https://nowhere.example/"))).result is SendResult.UNREACHABLE


async def test_a_name_server_that_says_nothing_is_left_after_a_while() -> None:
    async def lookup(_host: str) -> list[Address]:
        await asyncio.sleep(60)
        return []

    async with outbound_client(timeout=0.2, lookup=lookup) as opened:
        with pytest.raises(TimedOut, match=r"slow\.example"):
            await opened.check("https://slow.example/")
        assert (await opened.send(HttpRequest(url="https://slow.example/"))).result is SendResult.TIMED_OUT
