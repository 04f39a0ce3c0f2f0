"""Changing what single sign-on is set to, and letting people in."""

from msgspec import UNSET, structs

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.groups import commands as group_commands
from flagkeeper.features.groups import queries as groups
from flagkeeper.features.instance import commands as instance
from flagkeeper.features.instance.model import OIDC, secret_location
from flagkeeper.features.logins.model import Visit
from flagkeeper.features.sso import queries, store
from flagkeeper.features.sso.model.oidc_settings import OidcSettings
from flagkeeper.features.sso.model.person import NotLetIn, Person, demand_domain
from flagkeeper.features.users import commands as users
from flagkeeper.features.users import queries as seen_users
from flagkeeper.features.users.model.session import SessionRules
from flagkeeper.features.users.model.user import UserChange, draft
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.secrets import Keyring


def set_oidc(unit: Unit, wanted: OidcSettings, secret: str | None, keyring: Keyring) -> OidcSettings:
    """Sets them, with a new `secret`. Empty: none any more. None: the one that is kept, which goes to nobody but whom
    it was entered for (docs/adr/0330-whom-a-secret-was-entered-for.md).

    Raises:
        BadData: something is missing or wrong.
    """
    old = queries.oidc_settings(unit.tx)
    since = old.sealed_since
    if secret is not None:
        since = clock.to_iso(unit.now) if secret else UNSET
    elif since is not UNSET and wanted.discover_url != old.discover_url:
        raise BadData(
            "The secret was entered for another provider. Enter it again.", Detail("Enter it again.", "/body/secret")
        )
    new = structs.replace(wanted, sealed_since=since).checked()
    instance.put(unit, OIDC, new.details(), keyring.seal(secret, secret_location(OIDC)) if secret else None)
    return new


def sign_in(
    unit: Unit, person: Person, settings: OidcSettings, session_hash: str, visit: Visit, rules: SessionRules
) -> int:
    """Opens a session for somebody whom the provider knows, and who becomes a user if that is wanted; returns the id.

    Raises:
        NotLetIn: nobody said that they may.
    """
    demand_domain(person, settings.domains())
    user_id = store.user_of(unit.tx, person.issuer, person.subject)
    if user_id is None:
        user_id = _user_with_address(unit, person)
        if user_id is None:
            user_id = _created(unit, person, settings)
        store.link(unit.tx, person.issuer, person.subject, user_id)
    if person.name is not None and seen_users.user(unit.tx, user_id).scim_id is None:
        users.update(unit, user_id, UserChange(name=person.name))
    if settings.enable_group_syncing:
        _sync_groups(unit, user_id, frozenset(person.groups))
    users.open_session(unit, user_id, session_hash, visit, rules)
    return user_id


def _sync_groups(unit: Unit, user_id: int, named: frozenset[str]) -> None:
    """Puts somebody into the groups that stand for those which the provider names, and takes them out of those that
    stand for others. Groups without mappings, and those that a provider keeps by SCIM, are not its business."""
    for group in groups.all_groups(unit.tx):
        if group.mappings_sso and group.scim_id is None:
            belongs = not named.isdisjoint(group.mappings_sso)
            (group_commands.add_user if belongs else group_commands.remove_user)(unit, group.id, user_id)


def _user_with_address(unit: Unit, person: Person) -> int | None:
    found = None if person.email is None else seen_users.with_email(unit.tx, person.email)
    return None if found is None else found.id


def _created(unit: Unit, person: Person, settings: OidcSettings) -> int:
    if not settings.auto_create:
        raise NotLetIn(person.called, "There is no user with this e-mail address. Ask an administrator to add you.")
    if person.email is None:
        raise NotLetIn(person.called, "The identity provider tells no verified e-mail address, so nobody can be added.")
    try:
        wanted = draft(email=person.email, name=person.name, root_role=settings.default_root_role_id)
    except BadData as error:
        raise NotLetIn(person.called, error.message) from error
    return users.create(unit, wanted).id
