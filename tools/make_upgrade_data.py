"""Makes a database of each kind and records what this version answers on it: `tests/data/upgrade`.

    python -m tools.make_upgrade_data

Run it with the code of a release, and the tests of the next one open copies of these databases, let them be migrated
and ask the same again. It drives a server over HTTP as people, SDKs and integrations do.
"""

import argparse
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.progress import track
from sqlalchemy import insert

from flagkeeper.eventlog.catalogue.own import FlagkeeperEventQuarantined, QuarantineData
from flagkeeper.eventlog.durable import position_of
from flagkeeper.eventlog.tables import log_quarantine
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.access.model import MEMBER
from flagkeeper.features.usage.slice import USAGE
from flagkeeper.integrations.delivery.fanout import FANOUT
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.storage.statement import Write
from tests import upgrade
from tests.databases import started
from tests.deliveries import until_now
from tests.postgres_server import FAST, PostgresServer, find_programs
from tests.receiver import Answer, Arrival, Receiver
from tests.server import ADMIN, BACKEND, FRONTEND, Host, TestServer

FLAGS = "/api/admin/projects/default/features"
PROJECT = "/api/admin/projects/default"
LOG = "/api/admin/log"
FUTURE = "2099-01-01T00:00:00.000Z"
NAMES = [f"flag-{number:02}" for number in range(24)] + ["it~is(odd)", "checkout", "checkout-2"]
BLUE = {"name": "blue", "weight": 600, "weightType": "fix", "stickiness": "userId"}
GREEN = {"name": "green", "weight": 400, "weightType": "variable", "payload": {"type": "string", "value": '"é"'}}
IN_EUROPE = {"contextName": "country", "operator": "IN", "values": ["é", "日本", 'a"b\n']}
_QUARANTINE = Write[Any](insert(log_quarantine))


class Story:
    """Drives a server; what it was given on the way is in the attributes."""

    def __init__(self, server: TestServer, receiver: Receiver) -> None:
        self._server = server
        self._receiver = receiver
        self.viewer = self.editor = self.backend = self.frontend = ""

    def send(self, method: str, path: str, body: Any = None, token: str | None = ADMIN) -> Any:
        answer = self._server.request(method, path, token=token, **({} if body is None else {"json": body}))
        assert answer.is_success or answer.is_redirect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content.startswith((b"{", b"[")) else None

    def tell(self) -> None:
        self.people()
        self.tokens()
        self.vocabulary()
        self.integrations()
        self.flags()
        self.switches()
        self.usage()
        self.log()
        self.rest()

    def people(self) -> None:
        for name, role in (("ada", 1), ("bob", 2), ("eve", 3), ("gone", 3)):
            body = {"username": name, "email": f"{name}@example.com", "rootRole": role, "password": "Str0ng!passw0rd"}
            self.send("POST", "/api/admin/user-admin", {**body, "sendEmail": False})
        self.send("PUT", "/api/admin/user-admin/3", {"name": "Bob B.", "email": "bob@example.com", "rootRole": 2})
        self.send("DELETE", "/api/admin/user-admin/5")
        self.viewer, self.editor = self._personal_token("eve"), self._personal_token("bob")
        self._personal_token("ada")

    def _personal_token(self, name: str) -> str:
        server = self._server
        server.client.post("/auth/simple/login", json={"username": name, "password": "Str0ng!passw0rd"})
        body = {"description": f"of {name}", "expiresAt": FUTURE}
        secret = str(self.send("POST", "/api/admin/user/tokens", body, None)["secret"])
        self.send("POST", "/logout", None, None)
        server.client.cookies.clear()
        return secret

    def tokens(self) -> None:
        def make(name: str, kind: str, **more: Any) -> str:
            body = {"tokenName": name, "type": kind, "environment": "production", "expiresAt": FUTURE, **more}
            return str(self.send("POST", "/api/admin/api-tokens", body)["secret"])

        self.backend = make("backend", "client")
        self.frontend = make("web", "frontend", projects=["default"])
        gone = make("gone", "client")
        self.send("PUT", f"/api/admin/api-tokens/{self.backend}", {"expiresAt": "2098-01-01T00:00:00.000Z"})
        self.send("DELETE", f"/api/admin/api-tokens/{gone}")

    def vocabulary(self) -> None:
        for kind in ("release", "experiment", "operational", "kill-switch"):
            self.send("PUT", f"/api/admin/feature-types/{kind}/lifetime", {"lifetimeDays": 0})
        self.send("POST", "/api/admin/tag-types", {"name": "team", "description": "Whose it is", "icon": "T"})
        self.send("POST", "/api/admin/tag-types", {"name": "old", "description": "Goes"})
        self.send("PUT", "/api/admin/tag-types/team", {"description": "Who owns it", "icon": "U"})
        for value in ("blue", "grün"):
            self.send("POST", "/api/admin/tags", {"type": "team", "value": value})
        self.send("POST", "/api/admin/strategies", {
            "name": "byPlan", "parameters": [{"name": "plan", "type": "string", "required": True}]})  # fmt: skip
        self.send("PUT", "/api/admin/strategies/byPlan", {"parameters": [{"name": "plan", "type": "list"}]})
        self.send("POST", "/api/admin/strategies/applicationHostname/deprecate")
        for name, project in (("europe", None), ("staff", "default"), ("unused", None)):
            body = {"name": name, "description": "Who", "constraints": [IN_EUROPE], "project": project}
            self.send("POST", "/api/admin/segments", body)
        self.send("PUT", "/api/admin/segments/1", {"name": "Europe", "constraints": [{**IN_EUROPE, "inverted": True}]})
        self.send("DELETE", "/api/admin/segments/3")
        self.send("PUT", "/api/admin/environments/sort-order", {"production": 5, "development": 7})
        self.send("POST", f"{PROJECT}/environments/production/default-strategy",
                  {"name": "flexibleRollout", "parameters": {"rollout": "25", "stickiness": "userId"}})  # fmt: skip

    def integrations(self) -> None:
        parameters = {"url": self._receiver.url, "authorization": "Bearer s3cret"}
        body = {"provider": "webhook", "description": "Tells", "enabled": True, "parameters": parameters}
        events = ["feature-created", "feature-archived", "feature-environment-enabled"]
        self.send("POST", "/api/admin/addons", {**body, "events": events})
        url = "https://93.184.216.34/services/T/B/s3cret"
        slack = {"provider": "slack", "enabled": False, "parameters": {"url": url, "defaultChannel": "flags"}}
        self.send("POST", "/api/admin/addons", {**slack, "events": ["feature-created"], "projects": ["default"]})
        self.send("POST", "/api/admin/addons", {**body, "enabled": False, "events": events})
        self.send("DELETE", "/api/admin/addons/3")

    def flags(self) -> None:
        kinds = ("release", "experiment", "operational", "kill-switch", "permission")
        for number, name in enumerate(NAMES):
            who = self.editor if number % 3 else ADMIN
            description, impressions = f"No. {number}: 50 % & more", number % 4 == 0
            body = {"name": name, "type": kinds[number % 5], "description": description, "impressionData": impressions}
            self.send("POST", FLAGS, body, who)
        for number, name in enumerate(NAMES):
            here = f"{FLAGS}/{quote(name)}/environments/{'production' if number % 2 else 'development'}"
            first = self.send("POST", f"{here}/strategies", {
                "name": "flexibleRollout", "title": f"Part {number}", "segments": [1, 2][: number % 3],
                "parameters": {"rollout": str(number), "stickiness": "default", "groupId": name},
                "constraints": [IN_EUROPE] if number % 2 else [],
                "variants": [BLUE, GREEN] if number % 5 == 0 else [GREEN] if number % 5 == 1 else []})  # fmt: skip
            second = self.send("POST", f"{here}/strategies", {"name": "byPlan", "parameters": {"plan": "a,b"}})
            self.send("PATCH", f"{here}/strategies/{first['id']}",
                      [{"op": "replace", "path": "/title", "value": f"Now {number}"}])  # fmt: skip
            if number % 4 == 1:
                order = [{"id": second["id"], "sortOrder": 0}, {"id": first["id"], "sortOrder": 1}]
                self.send("POST", f"{here}/strategies/set-sort-order", order)
            if number % 4 == 2:
                self.send("DELETE", f"{here}/strategies/{second['id']}")
            if number % 4 == 3:
                self.send("PUT", f"{FLAGS}/{quote(name)}/variants-batch",
                          {"environments": ["development", "production"], "variants": [BLUE, GREEN]})  # fmt: skip
            self.send("POST", f"/api/admin/features/{quote(name)}/tags", {"type": "simple", "value": f"t{number % 6}"})
        added = [{"type": "team", "value": "grün"}, {"type": "old", "value": "news"}]
        changes = {"addedTags": added, "removedTags": []}
        self.send("PUT", f"{PROJECT}/tags", {"features": NAMES[:8], "tags": changes})
        self.send("DELETE", "/api/admin/tag-types/old")
        self.send("POST", f"{FLAGS}/checkout/clone", {"name": "copied"})

    def switches(self) -> None:
        for round_ in range(12):
            for number, name in enumerate(NAMES):
                where = "development" if (number + round_) % 3 else "production"
                way = "off" if round_ % 2 else "on"
                who = self.editor if number % 2 else ADMIN
                self.send("POST", f"{FLAGS}/{quote(name)}/environments/{where}/{way}", None, who)
        self.send("POST", f"{PROJECT}/bulk_features/environments/production/on", {"features": NAMES[:6]})
        self.send("POST", f"{PROJECT}/stale", {"features": NAMES[3:6], "stale": True})
        self.send("POST", f"{PROJECT}/archive", {"features": NAMES[6:10]})
        self.send("POST", f"{PROJECT}/revive", {"features": NAMES[6:7]})
        self.send("DELETE", f"{FLAGS}/{NAMES[10]}")
        self.send("DELETE", f"/api/admin/archive/{NAMES[10]}")
        self.send("PUT", f"{FLAGS}/{NAMES[11]}", {"description": "Other", "type": "permission"})

    def usage(self) -> None:
        now = clock.to_iso(clock.now())
        registration = {"appName": "shop", "instanceId": "i1", "strategies": ["default", "byPlan"], "started": now}
        self.send("POST", "/api/client/register", {**registration, "interval": 15, "sdkVersion": "x:1"}, self.backend)
        toggles = {name: {"yes": 3, "no": 1, "variants": {"blue": 2}} for name in [*NAMES[:5], "unknown"]}
        metrics = {"appName": "shop", "instanceId": "i1", "bucket": {"start": now, "stop": now, "toggles": toggles}}
        self.send("POST", "/api/client/metrics", metrics, self.backend)
        self.send("GET", "/api/client/features", None, self.backend)
        self._server.call(self._server.services[USAGE].flush())

    def log(self) -> None:
        for name, shared in (("mine", False), ("ours", True)):
            body = {"name": name, "query": 'type:feature-* -by:bot "50 %"', "description": None, "shared": shared}
            self.send("POST", f"{LOG}/searches", body, self.editor)
        self.send("POST", f"{LOG}/holds", {"reason": "case 4711"})
        hold = self.send("POST", f"{LOG}/holds", {"reason": "case 4712"})
        self.send("DELETE", f"{LOG}/holds/{hold['id']}")
        self.send("GET", f"{LOG}/export?format=csv&limit=5")

    def rest(self) -> None:
        """What has no route; then nothing is left to be done, so that a later start does nothing."""
        server = self._server
        server.call(server.services.units.run(SYSTEM, access.grant, "default", 4, MEMBER.id))
        server.call(server.services.units.run(SYSTEM, _quarantine))
        until_now(lambda: not self._waiting(), 60)
        shown = self.send("GET", "/api/admin/addons/1")
        self.send("PUT", "/api/admin/addons/1", {**shown, "enabled": False})

    def _waiting(self) -> bool:
        services = self._server.services
        if services.reader.now(position_of, FANOUT) < self._server.last_id():
            return True
        return bool(self.send("GET", "/api/admin/addons/1/deliveries?state=waiting")["deliveries"])


def _quarantine(unit: Unit) -> None:
    trouble = {"follower": "retired-follower", "event_id": 3, "error": "ValueError: it cannot be read"}
    unit.tx.write(_QUARANTINE, **trouble, created_at=unit.now)
    unit.record(FlagkeeperEventQuarantined(data=QuarantineData(**trouble)))  # type: ignore[arg-type]


def requests(story: Story, last: int) -> list[tuple[str, str, str | None, Any]]:
    """What is asked before and after: nothing that changes anything, or whose answer depends on the time of day."""
    admin = "/api/admin"
    found: list[tuple[str, str, str | None, Any]] = []

    def get(*paths: str, token: str | None = ADMIN) -> None:
        found.extend(("GET", path, token, None) for path in paths)

    get(*(f"{admin}/{path}" for path in (
        "addons", "addons/1", "addons/2", "addons/3", "addons/1/events?limit=20", "addons/1/deliveries?limit=50",
        "api-tokens", "api-tokens/backend", "environments", "environments/production", "environments/project/default",
        "event-creators", "feature-types", "permissions", "projects", "projects?archived=true", "roles", "roles/1",
        "roles/4", "segments", "segments/1", "segments/2", "segments/3", "segments/1/strategies", "strategies",
        "strategies/byPlan", "tag-types", "tag-types/team", "tags", "tags/team", "tags/simple/t1", "user-admin",
        "user-admin/3", "user-admin/5", "user-admin/access", "user-admin/admin-count", "user-admin/search?q=ad",
        "projects/default/api-tokens", "projects/default/features",
    )))  # fmt: skip
    for name in [*NAMES, "copied"]:
        get(f"{FLAGS}/{quote(name)}", f"{admin}/features/{quote(name)}/tags")
    for name in NAMES[:4]:
        where = f"{FLAGS}/{name}/environments"
        get(f"{where}/production", f"{where}/production/strategies", f"{where}/development/variants")
        get(f"{admin}/events/{name}", f"{FLAGS}/{name}/variants")
    for token in (ADMIN, story.viewer, story.editor):
        get(f"{admin}/user/profile", f"{admin}/user/tokens", f"{LOG}/searches", token=token)
        get(f"{admin}/search/events?limit=15", f"{admin}/search/events?type=IS:segment-created", token=token)
        get(f"{admin}/events?project=default", token=token)
        get(f"{LOG}/events?limit=30&total=exact", f"{LOG}/events?q=type:api-token-*", token=token)
        get(f"{LOG}/counts?by=type&bucket=day&from=IS:2020-01-01&to=IS:2098-01-01", token=token)
    for query in ("type:feature-archived", "flag:flag-0*", "changed:title", '"50 %"', "nobody-ever", "by:bob",
                  "env:production -type:feature-environment-*", "project:default flag:copied", "changed:enabled",
                  "user:-1337", "type:feature-strategy-*", "by:admin type:user-*"):  # fmt: skip
        get(f"{LOG}/events?limit=20&q={quote(query)}")
    get(*(f"{LOG}/events/{number}" for number in (1, 5, 17, 60, 101, 250, 400, last - 1, last, last + 1)))
    get(*(f"{admin}/search/events?limit=3&offset={offset}" for offset in (0, 50, 400, 5_000)))
    get(
        f"{LOG}/holds",
        f"{LOG}/archive",
        f"{LOG}/pseudonyms",
        f"{LOG}/searches",
        f"{LOG}/timeline?span=7d&to=2098-01-01T00:00:00Z",
    )
    for token in (BACKEND, story.backend):
        get("/api/client/features", f"/api/client/features?namePrefix=flag-0&tag={quote('simple:t1')}", token=token)
        get(*(f"/api/client/features/{quote(name)}" for name in NAMES[:12]), token=token)
    get(f"{admin}/segments", "/api/client/features", token=None)
    get(f"{admin}/api-tokens", f"{admin}/user-admin", token=story.viewer)
    tokens = {"tokens": [story.backend, story.frontend, FRONTEND, "*:production.unknown"]}
    found.append(("POST", "/edge/validate", None, tokens))
    return found


def _sometimes_refused(arrival: Arrival) -> Answer:
    return Answer(400) if arrival.event.get("featureName", "").endswith("5") else Answer()


def record(host: Host, kind: str, url: str, dump: Callable[[], bytes]) -> None:
    """Makes the files for one kind of database."""
    started(url)
    with Receiver(_sometimes_refused) as receiver:
        settings = upgrade.settings(url, outbound_allow=("127.0.0.0/8",), retry_scale=0.000_02)
        with TestServer(host, settings) as server:
            story = Story(server, receiver)
            story.tell()
    with TestServer(host, upgrade.settings(url)) as server:
        last = server.last_id()
        server.services.indexer.complete(lambda _done, _total: None)
        wanted = requests(story, last)
        answers = [upgrade.ask(server, *request) for request in track(wanted, kind)]
    assert last >= 500, last
    upgrade.save(kind, dump(), answers)
    print(f"{kind}: {last} events, {len(answers)} answers")


def _vacuumed(path: Path) -> bytes:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.read_bytes()


def _dumped(url: str) -> bytes:
    program = find_programs() / "pg_dump"
    options = ["--rows-per-insert=200", "--no-owner", "--no-privileges"]
    done = subprocess.run([program, *options, url], capture_output=True, text=True, check=True)
    return upgrade.without_settings(done.stdout).encode()


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    folder = Path(tempfile.mkdtemp(prefix="flagkeeper-upgrade-"))
    folder.chmod(0o755)  # PostgreSQL runs under another account when this one is root
    host = Host()
    path = folder / "upgrade.db"
    record(host, "sqlite", f"sqlite:///{path}", lambda: _vacuumed(path))
    (folder / "postgresql").mkdir()
    postgres = PostgresServer(folder / "postgresql", FAST)
    try:
        record(host, "postgresql", postgres.url, lambda: _dumped(postgres.url))
    finally:
        postgres.stop()
    host.stop()


if __name__ == "__main__":
    main()
