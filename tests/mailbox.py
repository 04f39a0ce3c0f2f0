"""A real mail server (aiosmtpd) on a thread of its own, which says yes or no to recipients."""

import asyncio
import re
import threading
import time
from email import message_from_bytes
from types import TracebackType
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

FINE = "250 OK"
LATER = "450 not now"
NEVER = "550 nobody of that name"
LINK = re.compile(r"https?://\S+[?]token=(\S+)")


class Mailbox:
    """Keeps the text of what it accepts, by recipient."""

    def __init__(self) -> None:
        self.says = FINE
        self.mails: list[tuple[str, str]] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mailbox", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        made = self._loop.create_server(lambda: SMTP(self, hostname="mail.test", loop=self._loop), "127.0.0.1", 0)
        server = self._loop.run_until_complete(made)
        self.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(server.wait_closed())
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks for this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.says == FINE:
            envelope.rcpt_tos.append(address)
        return self.says

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        assert isinstance(envelope.content, bytes)
        text = message_from_bytes(envelope.content).get_payload(decode=True)
        assert isinstance(text, bytes)
        self.mails.append((envelope.rcpt_tos[0], text.decode()))
        return FINE

    def token(self, recipient: str, number: int = 1, timeout: float = 10.0) -> str:
        """What the link in the `number`th mail to somebody is made of; waits for that mail."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            found = [text for to, text in self.mails if to == recipient]
            if len(found) >= number:
                link = LINK.search(found[number - 1])
                assert link, found
                return link[1]
            time.sleep(0.01)
        raise AssertionError(f"no mail to {recipient}: {self.mails}")
