"""Sending mails: after the commit that asked for them, and again while that fails."""

import asyncio
from functools import partial

import structlog

from flagkeeper.eventlog.leased_units import UnitRunner
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.invitations import commands, queries
from flagkeeper.features.invitations.model import Kind, MailServer, letter
from flagkeeper.features.users.model.user import User
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import NotFound
from flagkeeper.outbound.address import read_policy
from flagkeeper.outbound.client import OutboundClient
from flagkeeper.outbound.outgoing import Answer, Mail
from flagkeeper.outbound.target import read_target
from flagkeeper.storage.reader import Reader
from flagkeeper.supervisor import SupervisedTask, Supervisor

LOOK_EVERY = 30.0
"""Seconds between looks for mails that are due."""
AT_ONCE = 50
"""Mails of one look."""
ACCEPTED, NEVER = 200, 422
"""What `outbound` makes of what a mail server says."""

log = structlog.get_logger("flagkeeper.mails")


class Mailer:
    """Sends through the mail server of the settings, which may have a private address: whoever runs this server named
    it, and not somebody who uses it."""

    def __init__(self, units: Units, reader: Reader, supervisor: Supervisor, mail_server: MailServer | None) -> None:
        self._units = units
        self._reader = reader
        self._supervisor = supervisor
        self._mail_server = mail_server
        self._tasks: set[SupervisedTask] = set()
        self._client: OutboundClient | None = None

    @property
    def is_there(self) -> bool:
        """Whether this server sends mails at all."""
        return self._mail_server is not None

    def demand(self) -> None:
        """Raises `NotFound` where no mails are sent."""
        if not self.is_there:
            raise NotFound("This server sends no e-mail. Ask an administrator for a link to choose a password.")

    async def start(self) -> None:
        if self._mail_server is not None:
            host = read_target(self._mail_server.url, ("smtp", "smtps")).host
            self._client = OutboundClient(read_policy((host,)))

    async def stop(self) -> None:
        """What is cut off is sent by another server, or after the next start."""
        tasks, self._tasks = self._tasks, set()
        await asyncio.gather(*(task.stop() for task in tasks))
        if self._client is not None:
            await self._client.close()

    def soon(self, recipient: str, kind: Kind) -> None:
        """Tries to send a mail without waiting for it: its time would tell whether somebody has the address."""
        self._tasks = {task for task in self._tasks if not task.is_done}
        self._tasks.add(self._supervisor.start("mail", partial(self._attempt, recipient, kind)))

    async def _attempt(self, recipient: str, kind: Kind) -> None:
        await self.deliver(recipient, kind)

    async def deliver(self, recipient: str, kind: Kind) -> bool:
        """Tries to send a mail that is due, and keeps what became of it. Whether it was accepted."""
        claimed = await self._units.run(SYSTEM, commands.claim, recipient, kind)
        if claimed is None:
            return False
        user, token = claimed
        answer = await self._send(recipient, kind, token, user)
        if answer.status == ACCEPTED:
            await self._units.run(SYSTEM, commands.was_sent, recipient, kind)
            return True
        log.error("mail_not_sent", kind=kind, user_id=user.id, error=answer.message)
        for_ever = answer.status == NEVER
        await self._units.run(SYSTEM, commands.was_not_sent, recipient, kind, answer.message, for_ever=for_ever)
        return False

    async def send_due(self, _units: UnitRunner) -> None:
        """Tries whatever is due: what failed before, and what a server that died left behind."""
        for mail in await self._reader.run(queries.due, clock.now(), AT_ONCE):
            await self.deliver(mail.recipient, mail.kind)

    async def _send(self, recipient: str, kind: Kind, token: str, user: User) -> Answer:
        server, client = self._mail_server, self._client
        if server is None or client is None:
            return Answer(message="this server sends no mails")
        wanted = letter(server.base_url, kind, token, user, recipient)
        mail = Mail(
            server=server.url,
            username=server.username,
            password=server.password,
            sender=server.sender,
            recipients=(wanted.recipient,),
            subject=wanted.subject,
            text=wanted.text,
            headers={"Auto-Submitted": "auto-generated"},
        )
        return await client.send(mail)
