"""What is shipped beside the code: it fits the server, and what is written down can be copied and run."""

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.api.test_cli import PASSWORD, SOURCE, flagkeeper, serving
from tests.api.test_workers import free_ports
from tests.edge import eventually
from tests.server import BACKEND, Host, TestServer, settings_for
from tests.small_upstream import small_upstream

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
ENTRYPOINT = DEPLOY / "docker/entrypoint.sh"
PROGRAMS = Path(sys.executable).parent

UNLEASH = {
    "DATABASE_URL": "postgres://postgres:unleash@db/postgres",
    "DATABASE_SSL": "false",
    "LOG_LEVEL": "warn",
    "INIT_FRONTEND_API_TOKENS": "default:development.unleash-insecure-frontend-api-token",
    "INIT_CLIENT_API_TOKENS": "default:development.unleash-insecure-api-token",
}
"""The environment of the server in the compose file that Unleash publishes; its command is `node index.js`."""


def test_dashboards_and_alerts_name_metrics_that_there_are(host: Host, sqlite_url: str, tmp_path: Path) -> None:
    with TestServer(host, settings_for(sqlite_url, archive=str(tmp_path))) as server:
        server.get("/health", token=None)
        text = server.get("/internal-backstage/prometheus", token=None).text
    known: set[str] = set()
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        ends = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        known |= {family.name + end for end in ends}
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    dashboard = (DEPLOY / "grafana/flagkeeper.json").read_text()
    rules = (DEPLOY / "prometheus/alerts.yaml").read_text()
    used = set(re.findall(r"\bflagkeeper_[a-z_]+", dashboard + rules))
    assert len(used) > 12
    assert used - known == set()
    assert labels["flagkeeper_follower_lag_seconds"] >= {"follower"}
    assert labels["flagkeeper_http_requests_total"] >= {"route", "status"}
    panels = json.loads(dashboard)["panels"]
    assert all(target["expr"] for panel in panels for target in panel["targets"])
    (group,) = yaml.safe_load(rules)["groups"]
    assert all({"alert", "expr", "labels", "annotations"} <= set(rule) for rule in group["rules"])


def test_what_the_chart_asks_for_is_in_its_values() -> None:
    chart = DEPLOY / "helm/flagkeeper"
    values, text = (
        yaml.safe_load((chart / "values.yaml").read_text()),
        "\n".join(each.read_text() for each in chart.glob("templates/*")),
    )
    asked = set(re.findall(r"\.Values\.([\w.]+)", text))
    for path in asked:
        found = values
        for name in path.split("."):
            assert name in found, path
            found = found[name]
    top = {path.split(".")[0] for path in asked}
    assert top == set(values), "and nothing in its values is left unasked"
    assert text.count("{{") == text.count("}}")
    assert len(re.findall(r"{{-? *(?:if|with|range|define)\b", text)) == len(re.findall(r"{{-? *end\b", text))
    assert "flagkeeper_" not in text
    assert yaml.safe_load((chart / "Chart.yaml").read_text())["name"] == "flagkeeper"
    assert set(values["settings"]) <= set(re.findall(r"`(\w+)`", (ROOT / "docs/settings.md").read_text()))


def test_the_containers_are_kept_short() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    last = dockerfile[dockerfile.rindex("\nFROM ") :]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    assert "chgrp 0 /data && chmod 770 /data" in last, "any user of the group 0 may run it, as OpenShift has it"
    for copied in re.findall(r"^COPY (?!--from)(?:--\S+ )?(.+) \S+$", dockerfile, re.MULTILINE):
        assert all((ROOT / each).exists() for each in copied.split()), copied
        ignored = (ROOT / ".dockerignore").read_text().splitlines()
        assert all(f"!{each}" in ignored for each in copied.split()), "the build sees it"
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    ours = services["flagkeeper"]
    assert (ours["read_only"], ours["cap_drop"]) == (True, ["ALL"])
    assert set(ours["environment"]) <= set(re.findall(r"`(\w+)`", (ROOT / "docs/settings.md").read_text()))
    for unit in (DEPLOY / "systemd").glob("*.service"):
        kept = unit.read_text()
        assert all(f"\n{each}\n" in kept for each in ("NoNewPrivileges=yes", "ProtectSystem=strict", "DynamicUser=yes"))


def test_edges_are_kept_as_short() -> None:
    """In every place: no root, a root that cannot be written, a folder of their own, and a question whether they are
    ready."""
    known = set(re.findall(r"`(\w+)`", (ROOT / "docs/settings.md").read_text()))
    edge = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["edge"]
    assert (edge["read_only"], edge["cap_drop"], edge["command"]) == (True, ["ALL"], ["edge"])
    assert edge["security_opt"] == ["no-new-privileges:true"]
    assert edge["volumes"] == [f"edge:{edge['environment']['BACKUP_FOLDER']}"]
    assert edge["healthcheck"]["test"] == ["CMD", "flagkeeper", "ready"], "asks the port that PORT says"
    assert edge["environment"]["PORT"] == edge["ports"][0].partition(":")[2] == "3063"
    chart = DEPLOY / "helm/flagkeeper"
    template, values = (chart / "templates/edge.yaml").read_text(), yaml.safe_load((chart / "values.yaml").read_text())
    named = set(re.findall(r"name: ([A-Z_]+)\b", template)) | set(edge["environment"]) | set(values["edge"]["settings"])
    assert named >= {"UPSTREAM_URL", "TOKENS", "BACKUP_FOLDER"}
    assert named <= known
    assert set(re.findall(r"\$edge\.(\w+)", template)) | {"enabled"} == set(values["edge"])
    for part in ("runAsNonRoot: true", "readOnlyRootFilesystem: true", "drop: [ALL]", "path: /ready", "path: /health"):
        assert part in template
    unit = (DEPLOY / "systemd/flagkeeper-edge.service").read_text()
    assert "ExecStart=/opt/flagkeeper/bin/flagkeeper edge\n" in unit
    folder = re.search(r"BACKUP_FOLDER=/var/lib/(\S+)\n", unit)
    assert folder is not None
    assert f"\nStateDirectory={folder[1]}\n" in unit


@pytest.mark.slow
def test_an_edge_starts_as_its_container_does(tmp_path: Path) -> None:
    """With the variables of the compose file, by the container's entrypoint, and its health check."""
    edge = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["edge"]
    with small_upstream() as upstream:
        given = {**edge["environment"], "UPSTREAM_URL": upstream.url, "TOKENS": BACKEND, "PORT": str(free_ports(1))}
        env = given | {"BACKUP_FOLDER": str(tmp_path / "data"), "HTTP_HOST": "127.0.0.1", "PYTHONPATH": str(SOURCE)}
        env |= {"PATH": f"{PROGRAMS}:/usr/bin:/bin"}
        command = [ENTRYPOINT, *edge["command"]]
        with (tmp_path / "log").open("w") as log, subprocess.Popen(command, env=env, stderr=log, stdout=log) as process:
            try:
                check = [
                    str(PROGRAMS / each) if each == "flagkeeper" else each for each in edge["healthcheck"]["test"][1:]
                ]
                eventually(lambda: subprocess.run(check, env=env, capture_output=True, check=False).returncode == 0)
                assert (tmp_path / "data/tokens.json").exists() or upstream.asked("/edge/validate")
            finally:
                process.terminate()
            assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("given", "run"),
    [
        ("", "serve"),
        ("serve --port 1", "serve --port 1"),
        ("node index.js", "serve"),
        ("flagkeeper migrate", "migrate"),
        ("token create --type admin", "token create --type admin"),
        ("/bin/echo x", None),
    ],
)
def test_what_the_container_is_told_to_run(given: str, run: str | None, tmp_path: Path) -> None:
    stub = tmp_path / "flagkeeper"
    stub.write_text('#!/bin/sh\necho "flagkeeper $*"\n')
    stub.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run([ENTRYPOINT, *given.split()], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == ("x\n" if run is None else f"flagkeeper {run}\n")


@pytest.mark.postgres
@pytest.mark.slow
def test_unleashs_own_compose_file_with_another_image_starts_and_is_healthy(
    postgresql_url: str, tmp_path: Path
) -> None:
    place, name = re.findall(r"@([^/]+)/(\w+)", postgresql_url)[0]
    url = UNLEASH["DATABASE_URL"].replace("@db/postgres", f"@{place}/{name}")
    path = f"{PROGRAMS}:/usr/bin:/bin"
    env = {**UNLEASH, "DATABASE_URL": url, "PATH": path, "PYTHONPATH": str(SOURCE), "HTTP_HOST": "127.0.0.1"}
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(
            [ENTRYPOINT, "node", "index.js"], env={**env, "PORT": "0"}, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdout is not None
        address = ""
        for line in process.stdout:
            if "address" in line:
                address = line.split()[1]
                break
        assert address, (tmp_path / "log").read_text()
        try:
            with httpx.Client(base_url=address, trust_env=False, timeout=20) as client:
                assert client.head("/health").status_code == 200
                token = {"Authorization": UNLEASH["INIT_CLIENT_API_TOKENS"]}
                assert client.get("/api/client/features", headers=token).json()["features"] == []
            port = address.rpartition(":")[2]
            asked = flagkeeper("ready", on=url, PORT=port)
            assert (asked.returncode, asked.stderr) == (0, "")
        finally:
            process.terminate()
        assert process.wait(30) == 0
        refused = flagkeeper("ready", on=url, PORT=port)
        assert (refused.returncode, "No server answers" in refused.stderr) == (1, True)


@pytest.mark.slow
def test_the_blocks_of_the_readme_can_be_copied_whole(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text()
    assert "```console" not in text, "what has prompts in it cannot be copied"
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    url = f"sqlite:///{tmp_path}/flagkeeper.db"
    with serving(url, tmp_path) as server:
        port = server.url.rpartition(":")[2]
        script = (
            "\n".join(blocks).replace("localhost:4242", f"localhost:{port}").replace("bin=.venv/bin", f"bin={PROGRAMS}")
        )
        env = {
            "PATH": f"{PROGRAMS}:/usr/bin:/bin",
            "PYTHONPATH": str(SOURCE),
            "DATABASE_URL": url,
            "HOME": str(tmp_path),
            "UNLEASH_DEFAULT_ADMIN_PASSWORD": PASSWORD,
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            check=False,
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=100,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"name":"new-checkout"' in done.stdout
    assert "True\n" in done.stdout, "the SDK found the flag switched on"
    assert (tmp_path / "moved.db").exists()
    assert {"*.db", "*.backup"} <= set((ROOT / ".gitignore").read_text().splitlines())
