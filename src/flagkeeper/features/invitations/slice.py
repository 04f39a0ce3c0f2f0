"""What the server has to know of invitations."""

from flagkeeper.features.invitations import api, commands, tables
from flagkeeper.features.invitations.jobs import LOOK_EVERY, Mailer
from flagkeeper.features.invitations.model import MailServer
from flagkeeper.scheduler import Job
from flagkeeper.slice import Parts, Slice, running


def _mailer(parts: Parts) -> Mailer:
    settings = parts.settings
    server = MailServer(
        url=settings.mail_server,
        username=settings.mail_username,
        password=settings.mail_password,
        sender=settings.mail_sender,
        base_url=settings.base_url(),
    )
    return Mailer(parts.units, parts.background_reader, parts.supervisor, server if settings.mail_server else None)


MAILER = running("mailer", _mailer)


def _jobs(parts: Parts) -> list[Job]:
    mailer = parts[MAILER]
    return [Job(name="mails", every=LOOK_EVERY, run=mailer.send_due)] if mailer.is_there else []


SLICE = Slice(
    name="invitations",
    routes=api.ROUTES,
    eventless={
        "POST /auth/reset/password-email": "asks for a mail; the event comes when its link is used",
    },
    tables=tables,
    parts=(MAILER,),
    provides=(MAILER,),
    jobs=_jobs,
    names_outside_log=(commands.forget_recipients,),
)
