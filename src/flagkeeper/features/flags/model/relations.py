"""What hangs on a flag besides its tags: dependencies, links, and that it is completed. Pure."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.feature import CompletionData
from flagkeeper.eventlog.catalogue.feature_relation import DependencyData, LinkData
from flagkeeper.eventlog.catalogue.payload import LinkTemplate
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail, InvalidOperation, LimitExceeded
from flagkeeper.kernel.text import check_line

MOST_PARENTS = 30
"""Of one flag: each is asked for whenever the flag is."""
MOST_LINKS = 10
MOST_VARIANTS = 100
LONGEST_URL = 2_000
LONGEST_TITLE = 250
LONGEST_VARIANT = 100

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_URL = re.compile(r"https?://(?:\[[\da-f:.]+\]|[^\s/?#@\\:\[\]]+)(?::\d{1,5})?(?:[/?#]\S*)?", re.IGNORECASE)


class Dependency(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The state of another flag, the parent, that a flag asks for."""

    feature: str
    enabled: bool = True
    variants: list[str] = []
    """If there are any, the parent must give one of them. None, where the parent must be off."""

    def payload(self) -> DependencyData:
        """How events show it."""
        return DependencyData(feature=self.feature, enabled=self.enabled, variants=self.variants or UNSET)


class Link(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    url: str
    title: str | None

    def payload(self) -> LinkData:
        return LinkData(url=self.url, title=self.title)


class Completion(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Somebody said that a flag has done its work."""

    at: clock.Millis
    status: Literal["kept", "discarded"]
    """What became of what the flag was for."""
    status_value: str | None
    """The variant that was kept."""

    def payload(self) -> CompletionData:
        return CompletionData(status=self.status, status_value=self.status_value or UNSET, kept=self.status == "kept")

    def says_the_same(self, other: "Completion | None") -> bool:
        return other is not None and (self.status, self.status_value) == (other.status, other.status_value)


class Relations(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, of one flag."""

    dependencies: list[Dependency] = []
    """In the order of the parents' names."""
    links: list[Link] = []
    """The older first."""
    completion: Completion | None = None

    def with_dependency(self, dependency: Dependency) -> "Relations":
        others = [each for each in self.dependencies if each.feature != dependency.feature]
        ordered = sorted([*others, dependency], key=lambda each: each.feature)
        return msgspec.structs.replace(self, dependencies=ordered)

    def without_dependency(self, parent: str) -> "Relations":
        left = [each for each in self.dependencies if each.feature != parent]
        return msgspec.structs.replace(self, dependencies=left)

    def dependency(self, parent: str) -> Dependency | None:
        return next((each for each in self.dependencies if each.feature == parent), None)

    def with_link(self, link: Link) -> "Relations":
        others = [each for each in self.links if each.id != link.id]
        return msgspec.structs.replace(self, links=sorted([*others, link], key=lambda each: each.id))

    def without_link(self, link_id: str) -> "Relations":
        return msgspec.structs.replace(self, links=[each for each in self.links if each.id != link_id])

    def link(self, link_id: str) -> Link | None:
        return next((each for each in self.links if each.id == link_id), None)


NO_RELATIONS = Relations()


class DependencyDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A dependency as a client asks for it."""

    feature: str
    enabled: bool = True
    variants: Annotated[list[str], msgspec.Meta(max_length=MOST_VARIANTS)] = []

    def dependency(self) -> Dependency:
        """Raises `BadData` for a variant that cannot be."""
        for place, variant in enumerate(self.variants):
            check_line(variant, f"/body/variants/{place}")
            if not 1 <= len(variant) <= LONGEST_VARIANT:
                message = f"The name of a variant has 1 to {LONGEST_VARIANT} characters."
                raise BadData(message, Detail(message, f"/body/variants/{place}"))
        variants = list(dict.fromkeys(self.variants)) if self.enabled else []
        return Dependency(feature=self.feature, enabled=self.enabled, variants=variants)


class LinkDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A link as a client asks for it."""

    url: str
    title: str | None = None

    def link(self, link_id: str) -> Link:
        """Raises `BadData` for an address that no browser should follow."""
        title = self.title or None
        if title is not None:
            check_line(title, "/body/title")
            if len(title) > LONGEST_TITLE:
                message = f"A title has at most {LONGEST_TITLE} characters."
                raise BadData(message, Detail(message, "/body/title"))
        return Link(id=link_id, url=_address(self.url), title=title)


class CompletionDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    status: Literal["kept", "discarded"]
    status_value: str | UnsetType | None = UNSET

    def completion(self, at: clock.Millis) -> Completion:
        """Raises `BadData` for a variant that cannot be."""
        value = None if self.status_value is UNSET else self.status_value or None
        if value is not None:
            check_line(value, "/body/statusValue")
            if len(value) > LONGEST_VARIANT:
                message = f"The name of a variant has at most {LONGEST_VARIANT} characters."
                raise BadData(message, Detail(message, "/body/statusValue"))
        return Completion(at=at, status=self.status, status_value=value)


def check_new_dependency(child: str, wanted: Dependency, own: Relations, *, parents: bool, children: bool) -> None:
    """Checks that dependencies stay one level deep. `parents`: the parent depends on a flag itself; `children`: flags
    depend on the child.

    Raises:
        InvalidOperation: there would be a chain, or a circle.
        LimitExceeded: the flag has as many parents as it may have.
    """
    if wanted.feature == child:
        raise InvalidOperation("A flag cannot depend on itself.")
    if parents:
        raise InvalidOperation(
            f"The flag {wanted.feature!r} depends on another one itself, and dependencies are one level deep."
        )
    if children:
        raise InvalidOperation(f"Other flags depend on {child!r}, and dependencies are one level deep.")
    if own.dependency(wanted.feature) is None and len(own.dependencies) >= MOST_PARENTS:
        raise LimitExceeded(f"A flag depends on at most {MOST_PARENTS} others. Remove one first.")


def check_archive(parents: Sequence[str]) -> None:
    """Raises `InvalidOperation` when flags depend on these `parents`, which are to be archived without them."""
    if parents:
        named = ", ".join(parents[:10]) + (" and more" if len(parents) > 10 else "")
        raise InvalidOperation(f"Other flags depend on {named}. Archive those as well, or first.")


def check_room_for_links(own: Relations, added: int = 1) -> None:
    """Raises `LimitExceeded` when a flag with these relations would have too many links."""
    if len(own.links) + added > MOST_LINKS:
        raise LimitExceeded(f"A flag has at most {MOST_LINKS} links. Remove one first.")


def from_templates(templates: Sequence[LinkTemplate], project: str, flag: str) -> list[LinkDraft]:
    """The links that a project gives to each new flag."""
    return [
        LinkDraft(
            url=template.url_template.replace("{{project}}", project).replace("{{feature}}", flag),
            title=template.title,
        )
        for template in templates[:MOST_LINKS]
    ]


def _address(given: str) -> str:
    url = given.strip()
    if not _SCHEME.match(url):
        url = f"https://{url}"
    check_line(url, "/body/url")
    if len(url) > LONGEST_URL or not _URL.fullmatch(url):
        message = f"A link is an address that begins with http:// or https:// and has at most {LONGEST_URL} characters."
        raise BadData(message, Detail(message, "/body/url"))
    return url
