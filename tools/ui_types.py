"""Writes the types of the HTTP interface that the web interface is compiled with.

    python tools/ui_types.py            writes ui/src/api/schema.d.ts
    python tools/ui_types.py --check    says whether it is stale, without Node

What nobody reads in TypeScript (descriptions, examples, the schema of each event's data) is left out, so that the file
changes only when the interface does.
"""

import argparse
import hashlib
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from flagkeeper.app import openapi_document
from tools.build_ui import SOURCE, BuildFailed, node, npm

TYPES = SOURCE / "src" / "api" / "schema.d.ts"
GENERATOR = SOURCE / "tools" / "api-types"
_DROPPED = {"description", "summary", "examples", "example", "title", "security", "tags", "servers"}
_STAMP = "// Of the interface with hash "


def _bare(value: Any, *, names: bool = False) -> Any:
    """A part of the document without prose. `names`: the keys are names of things and not words of OpenAPI."""
    if isinstance(value, list):
        return [_bare(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _bare(
            each, names=not names and key in ("properties", "schemas", "paths", "responses", "patternProperties")
        )
        for key, each in value.items()
        if names or key not in _DROPPED
    }


def interface() -> dict[str, Any]:
    """The OpenAPI document, bare, with the schemas that some path reaches."""
    document = _bare(json.loads(openapi_document()))
    document["info"] = {"title": "Flagkeeper", "version": ""}
    document.pop("webhooks", None)
    for operation in (each for path in document["paths"].values() for each in path.values() if isinstance(each, dict)):
        answers = operation["responses"]  # every error has one body, `api/errors.ts`
        operation["responses"] = {status: answer for status, answer in answers.items() if int(status) < 400}
    schemas = document["components"]["schemas"]
    reached: set[str] = set()
    waiting = _references(document["paths"])
    while waiting:
        reached |= waiting
        waiting = {each for name in waiting for each in _references(schemas[name])} - reached
    document["components"] = {"schemas": {name: schemas[name] for name in sorted(reached)}}
    return dict(document)


def _references(value: Any) -> set[str]:
    return set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(value)))


def hash_of(document: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def is_stale(document: dict[str, Any]) -> bool:
    """Whether the types are not those of this interface."""
    return not TYPES.exists() or f"{_STAMP}{hash_of(document)}\n" not in TYPES.read_text()


def write(document: dict[str, Any]) -> None:
    if not (GENERATOR / "node_modules").exists():
        npm("ci", "--ignore-scripts", cwd=GENERATOR)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "openapi.json"
        path.write_text(json.dumps(document))
        program = GENERATOR / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
        done = node(str(program), str(path), "--default-non-nullable=false", "--empty-objects-unknown", cwd=GENERATOR)
    if done.returncode:
        raise BuildFailed(done.stderr)
    TYPES.write_text(f"// Generated: `make ui-types`.\n{_STAMP}{hash_of(document)}\n{done.stdout}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the types of the HTTP interface for the web interface.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if it is stale")
    document = interface()
    if not parser.parse_args().check:
        write(document)
    elif is_stale(document):
        print("ui/src/api/schema.d.ts does not fit the HTTP interface: run `make ui-types`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
