"""Checks what is shipped to run the server with the tools of those who run it.

    make deploy-check

The Dockerfile is read by hadolint, the chart is rendered by Helm's own library for several sets of values and every
manifest compared with the schemas of Kubernetes, the alerts are read by promtool (the package `prometheus` has it). No
image is built: that needs a container engine.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import yaml

ROOT = Path(__file__).parents[1]
CHART = ROOT / "deploy/helm/flagkeeper"
KUBERNETES = ("1.30", "1.37")
"""The oldest and the newest whose schemas are compared."""
FOREIGN = {"ServiceMonitor"}
"""Kinds of which Kubernetes itself knows nothing."""

SHARED: dict[str, Any] = {"database": {"existingSecret": "flagkeeper-database"}}
VALUES: dict[str, dict[str, Any]] = {
    "on SQLite": {"database": {"storageClassName": "fast"}},
    "on PostgreSQL": {**SHARED, "replicas": 3},
    "with edges": {**SHARED, "edge": {"enabled": True}},
    "with edges of another server": {
        "edge": {
            "enabled": True,
            "replicas": 3,
            "upstreamUrl": "https://flags.example.com",
            "tokens": {"existingSecret": "tokens", "key": "all"},
            "storageClassName": "fast",
        }
    },
    "with everything": {
        **SHARED,
        "image": {"repository": "registry.example/flagkeeper", "tag": "1.2.3", "pullPolicy": "Always"},
        "imagePullSecrets": [{"name": "registry"}],
        "settings": {"LOG_LEVEL": "warn", "BASE_URI_PATH": "/flags"},
        "extraEnv": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        "service": {"type": "NodePort", "annotations": {"a": "b"}},
        "ingress": {"enabled": True, "className": "nginx", "annotations": {"a": "b"}, "tlsSecretName": "tls"},
        "serviceAccount": {"annotations": {"a": "b"}},
        "podAnnotations": {"a": "b"},
        "podLabels": {"a": "b"},
        "nodeSelector": {"a": "b"},
        "tolerations": [{"key": "a", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "serviceMonitor": {"enabled": True, "labels": {"a": "b"}},
        "edge": {"enabled": True, "settings": {"LOG_LEVEL": "warn"}, "resources": {}},
    },
}


def manifests(values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    with helm_python.Chart.load(CHART) as chart:
        rendered = chart.render(values=values, name="flags")
    for name, text in rendered.items():
        if not name.endswith("NOTES.txt"):
            yield from (each for each in yaml.safe_load_all(text) if each)


def chart_troubles() -> Iterator[str]:
    for what, values in VALUES.items():
        found = list(manifests(values))
        kinds = {each["kind"] for each in found}
        if not kinds & {"Deployment", "StatefulSet"}:
            yield f"{what}: the chart renders {sorted(kinds)}"
        for manifest in found:
            if manifest["kind"] in FOREIGN:
                continue
            for version in KUBERNETES:
                try:
                    kubernetes_validate.validate(manifest, version, strict=True)
                except kubernetes_validate.ValidationError as error:
                    yield f"{what}, {manifest['kind']}, Kubernetes {version}: {error.message}"
        print(f"{what}: {', '.join(sorted(kinds))}")


def run(*command: str | Path) -> Iterator[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print((done.stdout + done.stderr).strip())
    if done.returncode:
        yield f"{command[0]} ended with {done.returncode}"


def main() -> int:
    troubles = [*run(Path(sys.executable).with_name("hadolint"), ROOT / "Dockerfile"), *chart_troubles()]
    if promtool := shutil.which("promtool"):
        troubles += run(promtool, "check", "rules", ROOT / "deploy/prometheus/alerts.yaml")
    else:
        troubles.append("There is no promtool here. Install the package prometheus (apt-get install prometheus).")
    for each in troubles:
        print(each, file=sys.stderr)
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
