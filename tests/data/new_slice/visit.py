"""Run with the source that has the new slice: asks its server, and prints as JSON what it answered.

PYTHONPATH=<source>:<root of the repository> python visit.py DATABASE_URL
"""

import json
import sys
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from flagkeeper.schema import metadata
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.migrate import migrate
from tests.people import person
from tests.server import Host, TestServer, settings_for
from tools.document_events import page

PATH = "/api/admin/reminders"


def differences(url: str) -> list[Any]:
    """Between the migrated schema and the declared one."""
    engine = parse_database_url(url).engine()
    with engine.connect() as connection:
        found: list[Any] = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    return found


def visit(server: TestServer) -> dict[str, Any]:
    viewer = person(server, "viewer").token
    before = server.last_id()
    asked = {
        "create": server.post(PATH, json={"text": " Water the plants "}),
        "create an empty one": server.post(PATH, json={"text": ""}),
        "list": server.get(PATH, token=viewer),
        "update": server.put(f"{PATH}/1", json={"text": "Water the flowers"}),
        "update again": server.put(f"{PATH}/1", json={"text": "Water the flowers"}),
        "read": server.get(f"{PATH}/1", token=viewer),
        "update as a viewer": server.put(f"{PATH}/1", json={"text": "Nothing"}, token=viewer),
        "read as nobody": server.get(f"{PATH}/1", token=None),
        "delete": server.delete(f"{PATH}/1"),
        "read what is gone": server.get(f"{PATH}/1"),
    }
    return {
        "answers": {name: [each.status_code, each.json() if each.content else None] for name, each in asked.items()},
        "events": server.events_after(before),
        "found": [event["type"] for event in server.events(type="IS:flagkeeper-reminder-changed")],
        "paths": {path: sorted(known) for path, known in server.get("/docs/openapi.json").json()["paths"].items()},
        "documented": [line for line in page({}).splitlines() if "reminder" in line],
        "tables": sorted(metadata.tables),
        "differences": [str(each) for each in differences(server.settings.database_url)],
    }


if __name__ == "__main__":
    migrate(parse_database_url(sys.argv[1]))
    host = Host()
    try:
        with TestServer(host, settings_for(sys.argv[1])) as running:
            print(json.dumps(visit(running)))
    finally:
        host.stop()
