"""Changing what single sign-on is set to, and letting people in."""

import secrets
from hashlib import sha256

from msgspec import UNSET, UnsetType, structs

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access.model import VIEWER
from flagkeeper.features.access_requests import commands as access_requests
from flagkeeper.features.access_requests.model import Asker
from flagkeeper.features.groups import commands as group_commands
from flagkeeper.features.groups import queries as groups
from flagkeeper.features.instance import commands as instance
from flagkeeper.features.instance.model import OIDC, SAML, secret_location
from flagkeeper.features.invitations import commands as invitations
from flagkeeper.features.logins.model import Visit
from flagkeeper.features.sso import queries, store
from flagkeeper.features.sso.model.certificates import Unusable, read_own_key
from flagkeeper.features.sso.model.oidc_settings import OidcSettings
from flagkeeper.features.sso.model.person import Answered, Linked, NotLetIn, Person, demand_domain
from flagkeeper.features.sso.model.proof import Asked, Proof
from flagkeeper.features.sso.model.rules import SignInRules
from flagkeeper.features.sso.model.saml_answer import KEPT
from flagkeeper.features.sso.model.saml_settings import SamlSettings
from flagkeeper.features.sso.model.untrusted import Untrusted
from flagkeeper.features.users import commands as users
from flagkeeper.features.users import queries as seen_users
from flagkeeper.features.users.model.session import SessionRules
from flagkeeper.features.users.model.user import UserChange, draft
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Conflict, Detail
from flagkeeper.kernel.secrets import Keyring


def set_oidc(unit: Unit, wanted: OidcSettings, secret: str | None, keyring: Keyring) -> OidcSettings:
    """Sets them, with a new `secret`. Empty: none any more. None: the one that is kept, which goes to nobody but whom
    it was entered for (docs/adr/0330-whom-a-secret-was-entered-for.md).

    Raises:
        BadData: something is missing or wrong.
    """
    old = queries.oidc_settings(unit.tx)
    if secret is None and old.sealed_since is not UNSET and wanted.discover_url != old.discover_url:
        raise BadData(
            "The secret was entered for another provider. Enter it again.", Detail("Enter it again.", "/body/secret")
        )
    new = structs.replace(wanted, sealed_since=_since(unit, old, secret)).checked()
    instance.put(unit, OIDC, new.details(), keyring.seal(secret, secret_location(OIDC)) if secret else None)
    return new


def set_saml(unit: Unit, wanted: SamlSettings, own_key: str | None, keyring: Keyring) -> SamlSettings:
    """Sets them, with a new key of our own (PEM). Empty: none any more. None: the one that is kept; it only signs, so
    no other provider learns anything of it.

    Raises:
        BadData: something is missing or wrong.
    """
    if own_key:
        try:
            read_own_key(own_key)
        except Unusable as error:
            raise BadData("This key cannot be used.", Detail(str(error), "/body/spCertificate")) from error
    old = queries.saml_settings(unit.tx)
    new = structs.replace(wanted.in_one_form(), sealed_since=_since(unit, old, own_key)).checked()
    instance.put(unit, SAML, new.details(), keyring.seal(own_key, secret_location(SAML)) if own_key else None)
    return new


def _since(unit: Unit, old: SignInRules, secret: str | None) -> str | UnsetType:
    """When the secret was entered that will be kept."""
    if secret is None:
        return old.sealed_since
    return clock.to_iso(unit.now) if secret else UNSET


def keep_answer(unit: Unit, assertion_id: str, answered: Answered) -> str:
    """Keeps what a provider has said until the browser that asked for it fetches it; returns the code for that.

    Raises:
        Untrusted: the same was said before.
    """
    code = secrets.token_urlsafe(32)
    id_ = _hash(f"{answered.person.issuer} {assertion_id}")
    if not store.keep(unit.tx, id_, _hash(code), answered, unit.now + KEPT):
        raise Untrusted("it has been used already")
    return code


def fetch_answer(unit: Unit, code: str) -> Answered | None:
    """What was kept by this code. None: nothing, or it was fetched before."""
    return store.fetch(unit.tx, _hash(code))


def forget_answers(unit: Unit) -> None:
    """Forgets those whose assertions are too old to be sent again."""
    store.forget(unit.tx, unit.now)


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()


def sign_in(
    unit: Unit, person: Person, rules: SignInRules, session_hash: str, visit: Visit, session_rules: SessionRules
) -> int:
    """Opens a session for somebody whom the provider knows, and who becomes a user if that is wanted; returns the id.

    Raises:
        NotLetIn: nobody said that they may.
    """
    linked = store.linked(unit.tx, person.issuer, person.subject)
    user_id = linked.user_id if linked else _user_with_address(unit, person)
    if linked is None or not linked.admitted:
        demand_domain(person, rules.domains(), is_user=user_id is not None)
    if user_id is None:
        user_id = _created(unit, person, rules)
    if linked is None:
        store.link(unit.tx, person.issuer, person.subject, Linked(user_id))
    if person.name is not None and seen_users.user(unit.tx, user_id).scim_id is None:
        users.update(unit, user_id, UserChange(name=person.name))
    if rules.enable_group_syncing and person.groups is not None:
        _sync_groups(unit, user_id, frozenset(person.groups))
    users.open_session(unit, user_id, session_hash, visit, session_rules)
    return user_id


def _sync_groups(unit: Unit, user_id: int, named: frozenset[str]) -> None:
    """Puts somebody into the groups that stand for those which the provider names, and takes them out of those that
    stand for others. Groups without mappings, and those that a provider keeps by SCIM, are not its business."""
    for group in groups.all_groups(unit.tx):
        if group.mappings_sso and group.scim_id is None:
            belongs = not named.isdisjoint(group.mappings_sso)
            (group_commands.add_user if belongs else group_commands.remove_user)(unit, group.id, user_id)


def ask(unit: Unit, proof: Proof) -> Asked:
    """Asks for access for somebody who has shown a provider who they are.

    Raises:
        BadData: nobody can be a user by what the provider says of them.
        LimitExceeded: too many wait already.
    """
    asker = proof.asker
    wanted = draft(email=asker.email, name=asker.name, root_role=VIEWER.id)
    asker = structs.replace(asker, email=wanted.email or "", name=wanted.name)
    if store.linked(unit.tx, asker.issuer, asker.subject) or seen_users.with_email(unit.tx, asker.email):
        return Asked.HAS_ACCOUNT
    return Asked.NOW if access_requests.register(unit, asker) else Asked.BEFORE


def admit(unit: Unit, asker: Asker, root_role: int, *, by_mail: bool) -> int:
    """Makes somebody a user who asked for access (`access_requests.ports.Admit`).

    Raises:
        BadData: there is no such root role.
        Conflict: they have logged in since, as a user with another address.
    """
    if store.linked(unit.tx, asker.issuer, asker.subject) is not None:
        raise Conflict("This person has an account by now, with another address. Reject the request.")
    user = users.create(unit, draft(email=asker.email, name=asker.name, root_role=root_role))
    store.link(unit.tx, asker.issuer, asker.subject, Linked(user.id, admitted=True))
    if by_mail:
        invitations.tell_of_access(unit, asker.email)
    return user.id


def _user_with_address(unit: Unit, person: Person) -> int | None:
    found = None if person.email is None else seen_users.with_email(unit.tx, person.email)
    return None if found is None else found.id


def _created(unit: Unit, person: Person, rules: SignInRules) -> int:
    if not rules.auto_create:
        message = "There is no user with this e-mail address. Ask an administrator to add you."
        raise NotLetIn(person.called, message, may_ask=person.email is not None)
    if person.email is None:
        raise NotLetIn(person.called, "The identity provider tells no verified e-mail address, so nobody can be added.")
    try:
        wanted = draft(email=person.email, name=person.name, root_role=rules.default_root_role_id)
    except BadData as error:
        raise NotLetIn(person.called, error.message) from error
    return users.create(unit, wanted).id
