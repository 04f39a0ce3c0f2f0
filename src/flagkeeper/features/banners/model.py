"""What a banner is, and the rules for one. Pure."""

import re
from typing import ClassVar

import msgspec

from flagkeeper.eventlog.catalogue.system import BannerData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.text import check_line

LONGEST_MESSAGE = 2_000
LONGEST_LINE = 255
"""Of an icon, an address and the titles."""
LONGEST_DIALOG = 20_000
MOST_BANNERS = 100
VARIANTS = ("info", "warning", "error", "success")
DIALOG = "dialog"
"""In place of an address: the link opens the banner's own dialog."""

_ADDRESS = re.compile(r"https?://[^\s/]|/(?!/)", re.IGNORECASE)
"""What a link may begin with: a site, or a path of this server."""


class BannerDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants a banner to be. Its texts are Markdown at most, which nobody has to draw."""

    message: str
    enabled: bool = True
    variant: str = "info"
    sticky: bool = False
    """Whether it stays in sight while a page is scrolled."""
    icon: str | None = None
    link: str | None = None
    link_text: str | None = None
    dialog_title: str | None = None
    dialog: str | None = None

    def check(self) -> None:
        """Raises `BadData`."""
        if not self.message.strip():
            raise BadData("A banner says something.", Detail("It is empty.", "/body/message"))
        _check_text(self.message, LONGEST_MESSAGE, "message")
        _check_text(self.dialog or "", LONGEST_DIALOG, "dialog")
        for name, line in (("icon", self.icon), ("linkText", self.link_text), ("dialogTitle", self.dialog_title)):
            _check_length(line or "", LONGEST_LINE, name)
            check_line(line or "", f"/body/{name}")
        if self.variant not in VARIANTS:
            raise BadData("There is no such variant.", Detail(f"Use one of {', '.join(VARIANTS)}.", "/body/variant"))
        self._check_link()

    def _check_link(self) -> None:
        if not self.link:
            return
        _check_length(self.link, LONGEST_LINE, "link")
        check_line(self.link, "/body/link")
        if self.link == DIALOG and not self.dialog:
            raise BadData("The link opens a dialog that says nothing.", Detail("It is empty.", "/body/dialog"))
        if self.link != DIALOG and not _ADDRESS.match(self.link):
            wanted = f"Use an address with http:// or https://, a path that begins with /, or the word {DIALOG}."
            raise BadData("A banner cannot link to that.", Detail(wanted, "/body/link"))


class Banner(BannerDraft, frozen=True, kw_only=True):
    id: int
    created_at: clock.Millis

    def draft(self) -> BannerDraft:
        return BannerDraft(**{name: getattr(self, name) for name in BannerDraft.__struct_fields__})

    def changed(self, draft: BannerDraft) -> "Banner":
        return msgspec.structs.replace(self, **msgspec.structs.asdict(draft))

    def payload(self) -> BannerData:
        """How events show it."""
        return BannerData(
            id=self.id,
            message=self.message,
            enabled=self.enabled,
            variant=self.variant,
            sticky=self.sticky,
            icon=self.icon,
            link=self.link,
            link_text=self.link_text,
            dialog_title=self.dialog_title,
            dialog=self.dialog,
            created_at=clock.to_iso(self.created_at),
        )

    def state(self) -> "BannerState":
        return BannerState(draft=self.draft(), created_at=self.created_at)


class BannerState(Snapshot, frozen=True, kw_only=True):
    """A version of a banner."""

    kind: ClassVar = "banner"
    schema: ClassVar = 1
    draft: BannerDraft
    created_at: clock.Millis


def _check_text(text: str, longest: int, field: str) -> None:
    """Of several lines."""
    _check_length(text, longest, field)
    check_line(text.replace("\r\n", "\n").replace("\n", " ").replace("\t", " "), f"/body/{field}")


def _check_length(text: str, longest: int, field: str) -> None:
    if len(text) > longest:
        raise BadData("That is too long.", Detail(f"At most {longest} characters.", f"/body/{field}"))
