"""What administrators set of any way to sign in at an identity provider, and the rules for it. Pure."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.system import SettingDetails
from flagkeeper.features.access.model import ADMIN, EDITOR, VIEWER, root_role
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.text import check_line

RootRoleName = Literal["Viewer", "Editor", "Admin"]
LONGEST = 2000
_ROLE_NAMES: Mapping[int, RootRoleName] = {VIEWER.id: "Viewer", EDITOR.id: "Editor", ADMIN.id: "Admin"}


class SignInRules(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who is let in, and as what."""

    LINES: ClassVar[tuple[str, ...]] = ("email_domains", "group_json_path")
    """Fields that are one line of text."""
    NEEDED: ClassVar[tuple[str, ...]] = ()
    """Fields without which nobody can sign in."""

    enabled: bool = False
    sealed_since: str | UnsetType = UNSET
    """When the secret that is kept was entered. UNSET: there is none."""
    auto_create: bool = False
    """Whoever the provider knows becomes a user."""
    default_root_role_id: int = VIEWER.id
    """Of those who become users."""
    email_domains: str = ""
    """Separated by commas; only people with addresses there are let in. Empty: all are."""
    enable_group_syncing: bool = False
    group_json_path: str = ""
    """Where the provider's answer says in which groups somebody is."""

    @classmethod
    def of(cls, details: SettingDetails | None) -> Self:
        """As they are kept; None: nobody has set any."""
        if details is None:
            return cls()
        given = {name: getattr(details, name) for name in cls.__struct_fields__}
        return cls(**{name: value for name, value in given.items() if value is not UNSET})

    def details(self) -> SettingDetails:
        """How they are kept, and shown by events."""
        return SettingDetails(**msgspec.structs.asdict(self))

    def domains(self) -> frozenset[str]:
        return frozenset(part for each in self.email_domains.split(",") if (part := each.strip().lower().lstrip("@")))

    def role_name(self) -> RootRoleName | UnsetType:
        """Of the role of those who become users, if it is one that is always there."""
        return _ROLE_NAMES.get(self.default_root_role_id, UNSET)

    def checked(self) -> Self:
        """Themselves.

        Raises:
            BadData: something is missing or wrong; the details say all of it.
        """
        found = [*self.wrong(), *(self.missing() if self.enabled else ())]
        if found:
            raise BadData("These settings cannot be used.", *found)
        return self

    def wrong(self) -> list[Detail]:
        """What cannot be used, whether or not it is switched on. Raises `BadData`."""
        found = []
        for name in self.LINES:
            text = getattr(self, name)
            check_line(text, self.path(name))
            if len(text) > LONGEST:
                found.append(Detail(f"At most {LONGEST} characters.", self.path(name)))
        root_role(self.default_root_role_id)
        return found

    def missing(self) -> list[Detail]:
        """What is needed before anybody can sign in."""
        found = [Detail("It is needed.", self.path(name)) for name in self.NEEDED if not getattr(self, name)]
        if self.enable_group_syncing and not self.group_json_path:
            found.append(Detail("It says where the provider names groups.", self.path("group_json_path")))
        return found

    def path(self, name: str) -> str:
        """The JSON pointer to a field."""
        return f"/body/{self.__struct_encode_fields__[self.__struct_fields__.index(name)]}"
