"""What administrators set of an OpenID provider, and the rules for it. Pure."""

from collections.abc import Mapping
from typing import Literal, Self

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.system import SettingDetails
from flagkeeper.features.access.model import ADMIN, EDITOR, VIEWER, root_role
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.text import check_line

RootRoleName = Literal["Viewer", "Editor", "Admin"]
ALGORITHMS = ("RS256", "RS384", "RS512")
DISCOVERY = "/.well-known/openid-configuration"
LONGEST = 2000
_ROLE_NAMES: Mapping[int, RootRoleName] = {VIEWER.id: "Viewer", EDITOR.id: "Editor", ADMIN.id: "Admin"}


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True):
    enabled: bool = False
    discover_url: str = ""
    """Of the provider's discovery document."""
    client_id: str = ""
    sealed_since: str | UnsetType = UNSET
    """When the secret that is kept was entered. UNSET: there is none."""
    auto_create: bool = False
    """Whoever the provider knows becomes a user."""
    default_root_role_id: int = VIEWER.id
    """Of those who become users."""
    email_domains: str = ""
    """Separated by commas; only people with addresses there are let in. Empty: all are."""
    acr_values: str = ""
    id_token_signing_algorithm: str = ALGORITHMS[0]
    enable_group_syncing: bool = False
    group_json_path: str = ""
    """Where claims say in which groups somebody is."""
    add_groups_scope: bool = False
    enable_pkce: bool = True

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
        found = [*self._wrong(), *(self._missing() if self.enabled else ())]
        if found:
            raise BadData("These settings cannot be used.", *found)
        return self

    def _wrong(self) -> list[Detail]:
        found = []
        for name in ("discover_url", "client_id", "email_domains", "acr_values", "group_json_path"):
            text = getattr(self, name)
            path = f"/body/{msgspec.structs.fields(self)[self.__struct_fields__.index(name)].name}"
            check_line(text, path)
            if len(text) > LONGEST:
                found.append(Detail(f"At most {LONGEST} characters.", path))
        if self.discover_url and not self.discover_url.startswith(("https://", "http://")):
            found.append(Detail("It begins with https://.", "/body/discoverUrl"))
        if self.id_token_signing_algorithm not in ALGORITHMS:
            found.append(Detail(f"One of {', '.join(ALGORITHMS)}.", "/body/idTokenSigningAlgorithm"))
        root_role(self.default_root_role_id)
        return found

    def _missing(self) -> list[Detail]:
        needed = {"discoverUrl": self.discover_url, "clientId": self.client_id}
        found = [Detail("It is needed.", f"/body/{name}") for name, value in needed.items() if not value]
        if self.sealed_since is UNSET:
            found.append(Detail("It is needed.", "/body/secret"))
        if self.enable_group_syncing and not self.group_json_path:
            found.append(Detail("It says where claims name groups.", "/body/groupJsonPath"))
        return found
