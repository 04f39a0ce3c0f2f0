"""States of servers, and flags that are moved, on the wire."""

from email.parser import BytesParser
from email.policy import HTTP
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from flagkeeper.features.transfer.model.batch import Remark, Remarks
from flagkeeper.features.transfer.model.document import SECTIONS, Document
from flagkeeper.features.transfer.model.file_order import demand_no_error, json_of_file
from flagkeeper.features.transfer.model.yaml_text import from_builtins, to_json
from flagkeeper.features.transfer.steps.batch import BatchPlan
from flagkeeper.http.caller import Caller
from flagkeeper.kernel.errors import BadData, Detail, PermissionDenied
from flagkeeper.kernel.existing import Existing

JSON = "application/json"
YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
FORM = "multipart/form-data"
FILE = "file"
"""The part of a form that has the document."""


class FormOfFile(msgspec.Struct, frozen=True, kw_only=True):
    """A form with the document as a file, in JSON or YAML."""

    file: Annotated[str, msgspec.Meta(extra_json_schema={"format": "binary"})]


ACCEPTED: dict[str, Any] = {JSON: Document, **dict.fromkeys(YAML, Document), FORM: FormOfFile}


class StateFormat(StrEnum):
    JSON = "json"
    YAML = "yaml"


PARTS: dict[str, frozenset[str]] = {
    "environments": frozenset({"environments"}),
    "projects": frozenset({"projects", "project_environments"}),
    "strategies": frozenset({"strategies"}),
    "tags": frozenset({"tag_types", "tags"}),
    "segments": frozenset({"segments"}),
    "context_fields": frozenset({"context_fields"}),
    "feature_toggles": frozenset(
        {
            *("features", "feature_environments", "feature_strategies", "feature_strategy_segments"),
            *("feature_dependencies", "feature_links"),
        }
    ),
}
"""What can be left out of an export: the fields of the document that go together."""
EVERYTHING = frozenset(field for field, _ in SECTIONS.values())


def sections(**wanted: bool) -> frozenset[str]:
    """The fields of an export without the parts that are not wanted. Which flags have which tags, and which strategies
    use which segments, is of use only with both."""
    left_out = frozenset[str]().union(*(PARTS[name] for name, is_wanted in wanted.items() if not is_wanted))
    if "tags" in left_out or "features" in left_out:
        left_out |= {"feature_tags"}
    if "segments" in left_out:
        left_out |= {"feature_strategy_segments"}
    return EVERYTHING - left_out


def existing(*, drop: bool, keep: bool) -> Existing:
    """What an import does with what is there. To drop everything leaves nothing to keep."""
    if drop:
        return Existing.DROP
    return Existing.KEEP if keep else Existing.REPLACE


def written(document: Document, kind: StateFormat) -> bytes:
    """A document as text."""
    if kind is StateFormat.YAML:
        return from_builtins(msgspec.to_builtins(document))
    return msgspec.json.encode(document)


def json_of(body: bytes, content_type: str) -> bytes:
    """A document that came with this `Content-Type`, as JSON. Raises `BadData` when it is none."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == FORM:
        return _json_of_form(body, content_type)
    return to_json(body) if media_type in YAML else body


def _json_of_form(body: bytes, content_type: str) -> bytes:
    form = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n" + body)
    for part in form.iter_parts() if form.is_multipart() else ():
        if part.get_param("name", header="content-disposition") == FILE:
            content = part.get_payload(decode=True)
            name = part.get_filename() or ""
            if isinstance(content, bytes):
                return to_json(content) if part.get_content_type() in YAML else json_of_file(name, content)
    message = f"The form must have a part called {FILE} with the document."
    raise BadData(message, Detail(message, "/body"))


def remarks(plan: BatchPlan, caller: Caller) -> Remarks:
    """What people are told before an import."""
    missing = _missing(plan, caller)
    said = "You do not have these permissions, which the import needs:"
    permissions = [Remark(message=said, affected_items=missing)] if missing else []
    return Remarks(errors=plan.errors, warnings=plan.warnings, permissions=permissions)


def demand_importable(plan: BatchPlan, caller: Caller) -> None:
    """Raises `BadData` when there are errors, and `PermissionDenied` when a permission is missing."""
    demand_no_error(plan.errors)
    if missing := _missing(plan, caller):
        raise PermissionDenied(
            f"The import needs permissions that you do not have: {', '.join(missing)}.", tuple(missing)
        )


def _missing(plan: BatchPlan, caller: Caller) -> list[str]:
    return sorted(
        {each.permission for each in plan.needed() if not caller.may(each.permission, each.project, each.environment)}
    )
