"""What both ways of coming back from an identity provider share: whose login it is, and letting them in."""

from typing import TypeVar

import msgspec
import structlog

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.instance.ports import SettingsNow
from flagkeeper.features.logins.model import Visit
from flagkeeper.features.sso import commands
from flagkeeper.features.sso.model.flow import Begun
from flagkeeper.features.sso.model.person import NotLetIn, Person
from flagkeeper.features.sso.model.proof import prove
from flagkeeper.features.sso.model.rules import SignInRules
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model import session
from flagkeeper.features.users.model.session import SessionRules
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import BadData, Forbidden, LoginDisabled, NotAdmitted
from flagkeeper.kernel.secrets import Keyring, Unreadable

BEGIN_AGAIN = "This login was not begun here, or too long ago. Begin again."
BegunT = TypeVar("BegunT", bound=Begun)

log = structlog.get_logger("flagkeeper.sso")


def demand_enabled(instance_settings: SettingsNow, setting: str, way: str) -> None:
    """Raises `LoginDisabled`."""
    if setting not in instance_settings.enabled:
        raise LoginDisabled(f"Logging in by {way} is switched off.")


def sealed(begun: Begun, keyring: Keyring) -> str:
    """What a cookie keeps of a login that was begun: only who knows its `state` reads it again."""
    return keyring.seal(msgspec.json.encode(begun).decode(), begun.state)


def opened(cookie: str, state: str, keyring: Keyring, kind: type[BegunT]) -> BegunT:
    """The login that this browser began. Raises `BadData` where it began none, another one, or too long ago."""
    try:
        begun = msgspec.json.decode(keyring.open(cookie, state), type=kind)
    except (Unreadable, msgspec.DecodeError) as error:
        raise BadData(BEGIN_AGAIN) from error
    if not state or begun.state != state or begun.ends_at <= clock.now():
        raise BadData(BEGIN_AGAIN)
    return begun


async def let_in(
    person: Person, rules: SignInRules, visit: Visit, units: Units, session_rules: SessionRules, keyring: Keyring
) -> str:
    """Opens a session, and returns what its cookie has.

    Raises:
        NotAdmitted: they have no account, and may ask for one.
        Forbidden: nobody said that they may in. The history of logins says both.
    """
    cookie = session.new_session()
    actor = msgspec.structs.replace(SYSTEM, ip=visit.ip)
    try:
        await units.run(actor, commands.sign_in, person, rules, session.hash_of(cookie), visit, session_rules)
    except NotLetIn as error:
        await units.run(SYSTEM, users.login_refused, error.name, visit, error.message)
        if error.may_ask:
            raise NotAdmitted(error.message, prove(person, visit.auth_type, keyring, clock.now())) from error
        raise Forbidden(error.message) from error
    if rules.enable_group_syncing and person.groups is None:
        log.warning("groups_not_told", who=person.called, issuer=person.issuer)
    return cookie


async def not_proven(error: Exception, visit: Visit, units: Units) -> str:
    """What to tell of an answer that proves nothing. The history of logins has it too, without a name: nobody has shown
    who they are."""
    message = f"The answer of the identity provider proves nothing: {error}."
    await units.run(SYSTEM, users.login_unproven, visit, message)
    return message


def to(target: str) -> dict[str, str]:
    return {"Location": target, "Cache-Control": "no-store"}
