"""E-mail, by SMTP. A password is sent only where the connection is encrypted."""

import asyncio
import ssl
from email.message import EmailMessage

import aiosmtplib

from flagkeeper.outbound.errors import Refused, TimedOut, Unreachable
from flagkeeper.outbound.guard import Guard, connect
from flagkeeper.outbound.outgoing import Answer, Mail
from flagkeeper.outbound.target import Target, read_target

SCHEMES = ("smtp", "smtps")


async def send_mail(guard: Guard, trust: ssl.SSLContext, mail: Mail, timeout: float) -> Answer:
    """What the mail server said.

    Raises:
        Refused, Unreachable, TimedOut: it said nothing.
    """
    target = read_target(mail.server, SCHEMES)
    message = _message(mail)
    try:
        async with asyncio.timeout(timeout):
            return await _send(guard, trust, target, mail, message)
    except TimeoutError as error:
        raise TimedOut(f"{target.host} did not answer within {timeout:g} s") from error
    except aiosmtplib.SMTPResponseException as error:
        return Answer(status=503 if 400 <= error.code < 500 else 422, message=_said(error.code, error.message))
    except aiosmtplib.SMTPRecipientsRefused as error:
        worst = error.recipients[0]
        later = any(400 <= each.code < 500 for each in error.recipients)
        return Answer(status=503 if later else 422, message=_said(worst.code, worst.message))
    except (aiosmtplib.SMTPException, ssl.SSLError, OSError) as error:
        raise Unreachable(f"{target.host} broke off the conversation") from error


async def _send(guard: Guard, trust: ssl.SSLContext, target: Target, mail: Mail, message: EmailMessage) -> Answer:
    client = aiosmtplib.SMTP(
        hostname=target.host,
        sock=await connect(guard, target),
        use_tls=target.scheme == "smtps",
        start_tls=False,
        tls_context=trust,
        local_hostname=mail.sender.rpartition("@")[2],
        timeout=None,
    )
    try:
        await client.connect()
        if target.scheme == "smtp":
            await client.ehlo()
            if client.supports_extension("starttls"):
                await client.starttls()
            elif mail.password:
                raise Refused(f"{target.host} offers no encryption, so the password is not sent")
        if mail.password:
            await client.login(mail.username, mail.password)
        refused, _ = await client.send_message(message, sender=mail.sender, recipients=list(mail.recipients))
        await client.quit()
    finally:
        client.close()
    if refused:
        return Answer(status=207, message=f"refused for {', '.join(refused)}")
    return Answer(status=200, message="accepted")


def _message(mail: Mail) -> EmailMessage:
    """Raises `Refused` when it cannot be written as a mail."""
    message = EmailMessage()
    try:
        message["From"], message["To"], message["Subject"] = mail.sender, ", ".join(mail.recipients), mail.subject
        for name, value in mail.headers.items():
            message[name] = value
        message.set_content(mail.text)
    except ValueError as error:
        raise Refused("this cannot be written as an e-mail") from error
    return message


def _said(code: int, message: str) -> str:
    return f"SMTP {code} {message}"[:300]
