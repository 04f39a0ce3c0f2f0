"""The rules for projects: which there may be, and what may become of them. Pure."""

import re
import unicodedata
from collections.abc import Collection

import re2

from flagkeeper.evaluation.constraint import is_safe_word
from flagkeeper.eventlog.catalogue.payload import FeatureNaming, LinkTemplate
from flagkeeper.features.projects.model.project import DEFAULT_PROJECT, Project, ProjectDraft
from flagkeeper.kernel.errors import BadData, Detail, InvalidOperation
from flagkeeper.kernel.text import check_line

LONGEST_NAME = 100
LARGEST_LIMIT = 2**31 - 1
LONGEST_SLUG = 90
"""Of an id that is made of a name, so that there is room for a number."""
MOST_LINK_TEMPLATES = 10
LONGEST_TEMPLATE = 1_600
"""With the longest names of project and flag in it, an address may be that of a link."""
LONGEST_TITLE = 250
RESERVED = frozenset({"archive", "revive", "roles", "validate"})
"""Words that stand in addresses where the id of a project does."""

_ID = re.compile(rf"[A-Za-z0-9\-_.!~*'()]{{1,{LONGEST_NAME}}}")
_TEMPLATE = re.compile(r"https?://[^\s/?#@\\:]+(:\d{1,5})?([/?#]\S*)?", re.IGNORECASE)
_BLANK = re.compile(r"\s|\\[sS]|\[\[:\^?space:\]\]")


def check(wanted: Project | ProjectDraft, before: Project | None = None) -> None:
    """Checks what a project is to be by itself. What it is `before` need not keep rules that are newer.

    Raises:
        BadData: it breaks a rule.
    """
    check_id(wanted.id)
    if not wanted.name.strip() or len(wanted.name) > LONGEST_NAME:
        message = f"The name of a project has 1 to {LONGEST_NAME} characters."
        raise BadData(message, Detail(message, "/body/name"))
    check_line(wanted.name, "/body/name")
    check_line(wanted.default_stickiness, "/body/defaultStickiness")
    if not wanted.default_stickiness or not is_safe_word(wanted.default_stickiness):
        message = "The default stickiness must be the name of a context field."
        raise BadData(message, Detail(message, "/body/defaultStickiness"))
    if wanted.feature_limit is not None and not 0 < wanted.feature_limit <= LARGEST_LIMIT:
        message = f"The limit of flags is a number from 1 to {LARGEST_LIMIT}."
        raise BadData(message, Detail(message, "/body/featureLimit"))
    if before is None or wanted.feature_naming != before.feature_naming:
        _check_naming(wanted.feature_naming)
    if before is None or wanted.link_templates != before.link_templates:
        _check_templates(wanted.link_templates)


def check_id(project_id: str) -> None:
    """Raises `BadData` unless the id can stand in a URL as it is."""
    if not _ID.fullmatch(project_id) or project_id in (".", ".."):
        message = f"The id of a project has 1 to {LONGEST_NAME} of the characters A-Z a-z 0-9 - _ . ! ~ * ' ( )."
        raise BadData(message, Detail(message, "/body/id"))


def check_new_id(project_id: str) -> None:
    """Raises `BadData` unless a new project may have the id."""
    check_id(project_id)
    if project_id in RESERVED:
        message = f"{project_id!r} cannot be the id of a project: it has a meaning in addresses."
        raise BadData(message, Detail(message, "/body/id"))


def free_id(name: str, taken: Collection[str]) -> str:
    """An id that is made of a name, with a number behind it where it is taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].rstrip("-") or "project"
    if slug not in taken and slug not in RESERVED:
        return slug
    return next(each for number in range(1, len(taken) + 2) if (each := f"{slug}-{number}") not in taken)


def demand_removable(project_id: str, active_flags: int = 0) -> None:
    """Raises `InvalidOperation` for a project that cannot be archived or deleted: it has flags in use, or is the one
    that every server has."""
    if project_id == DEFAULT_PROJECT:
        raise InvalidOperation(f"The project {DEFAULT_PROJECT!r} is on every server: it stays, and in use.")
    if active_flags:
        raise InvalidOperation(f"The project {project_id!r} has {active_flags} flags in use. Archive them first.")


def _check_naming(naming: FeatureNaming) -> None:
    """A pattern has to fit a whole name, as JavaScript would match it between `^` and `$`."""
    pattern, example = naming.pattern, naming.example
    if not pattern:
        if example or naming.description:
            message = "An example and a description of names need a pattern."
            raise BadData(message, Detail(message, "/body/featureNaming/pattern"))
        return
    try:
        compiled = re2.compile(pattern)
    except re2.error as error:
        message = f"The naming pattern {pattern!r} is no regular expression."
        raise BadData(message, Detail(message, "/body/featureNaming/pattern")) from error
    if _BLANK.search(pattern):
        message = "No name of a flag has white space in it, so a pattern has none either."
        raise BadData(message, Detail(message, "/body/featureNaming/pattern"))
    if example and not compiled.fullmatch(example):
        message = f"The example {example!r} does not match the pattern {pattern}."
        raise BadData(message, Detail(message, "/body/featureNaming/example"))


def _check_templates(templates: list[LinkTemplate]) -> None:
    if len(templates) > MOST_LINK_TEMPLATES:
        message = f"A project has at most {MOST_LINK_TEMPLATES} templates of links."
        raise BadData(message, Detail(message, "/body/linkTemplates"))
    for place, each in enumerate(templates):
        path = f"/body/linkTemplates/{place}/urlTemplate"
        check_line(each.url_template, path)
        check_line(each.title or "", f"/body/linkTemplates/{place}/title")
        if not _TEMPLATE.fullmatch(each.url_template) or len(each.url_template) > LONGEST_TEMPLATE:
            message = f"A template is an address that begins with http(s):// and has at most {LONGEST_TEMPLATE} signs."
            raise BadData(message, Detail(message, path))
        if len(each.title or "") > LONGEST_TITLE:
            message = f"A title has at most {LONGEST_TITLE} characters."
            raise BadData(message, Detail(message, f"/body/linkTemplates/{place}/title"))
