"""Projects beside the one that every server has."""

from typing import Any

from msgspec.structs import replace
from sqlalchemy import bindparam, update

from flagkeeper.eventlog.catalogue.project import ProjectUpdated
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.commands import create, switch
from flagkeeper.features.flags.model.flag import FlagDraft
from flagkeeper.features.projects import store
from flagkeeper.features.projects.model import Mode, first_project
from flagkeeper.features.projects.tables import projects
from flagkeeper.readmodels.credentials.slice import CREDENTIALS
from flagkeeper.storage.statement import Write
from tests.sdk import PLACE, run
from tests.server import TestServer


def add_project(server: TestServer, project_id: str) -> None:
    """A project with the environment of `tests.sdk`."""
    run(server, _add, project_id)


def _add(unit: Unit, project_id: str) -> None:
    unit.silent(f"project/{project_id}", "a test needs another project")
    unit.silent(f"project/{project_id}/{PLACE}", "a test needs another project")
    store.add(unit.tx, replace(first_project(unit.now), id=project_id, name=project_id))
    store.attach(unit.tx, project_id, PLACE, None)


def flag_in(server: TestServer, project_id: str, name: str) -> None:
    """A flag that is on."""
    run(server, create.create, project_id, FlagDraft(name=name))
    run(server, switch.turn_on, project_id, name, PLACE)


def token_for(server: TestServer, name: str, *projects: str, **more: Any) -> str:
    """A backend token of the environment of `tests.sdk`."""
    body = {"tokenName": name, "type": "client", "environment": PLACE, "projects": list(projects), **more}
    answer = server.post("/api/admin/api-tokens", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["secret"])


_SET_MODE = Write[Any](
    update(projects).where(projects.c.id == bindparam("id")).values(mode=bindparam("mode"), updated_at=bindparam("now"))
)


def set_mode(unit: Unit, project_id: str, mode: Mode) -> None:
    """Says who may work in a project besides its members, and who may know of it."""
    old = store.load(unit.tx, project_id)
    new = replace(old, mode=mode, updated_at=unit.now)
    unit.tx.write(_SET_MODE, id=project_id, mode=mode, now=unit.now)
    state = new.state()
    unit.record(ProjectUpdated(project=project_id, data=new.payload(100), pre_data=old.payload(100)), state)


def set_mode_of(server: TestServer, project_id: str, mode: Mode) -> None:
    """The same over a server, which knows it afterwards."""
    services = server.services
    run(server, set_mode, project_id, mode)
    server.call(services[CREDENTIALS].reached(services.log_signal.last_id))
