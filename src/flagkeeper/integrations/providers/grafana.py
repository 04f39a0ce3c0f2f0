"""Grafana: an annotation, which marks the moment of a change in graphs."""

import msgspec

from flagkeeper.integrations.protocol.headers import check_value, with_extra
from flagkeeper.integrations.protocol.message import html
from flagkeeper.integrations.protocol.parameters import EXTRA_HEADERS
from flagkeeper.integrations.protocol.provider import (
    Built,
    EventOut,
    HttpRequest,
    Links,
    Parameter,
    Parameters,
    Provider,
    ProviderDefinition,
    judge_api,
    offered,
    one,
)
from flagkeeper.kernel import clock


def _check_panel(text: str) -> None:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("the id of a panel is a number.")


DEFINITION = ProviderDefinition(
    name="grafana",
    display_name="Grafana",
    description="Marks changes in Grafana's graphs, as annotations.",
    documentation_url="https://grafana.com/docs/grafana/latest/developers/http_api/annotations/",
    how_to="Make a service account that may write annotations, and enter one of its tokens here. Dashboards show the "
    "annotations when they ask for their tags, such as flagkeeper or environment:production.",
    parameters=(
        Parameter(
            name="url",
            display_name="Grafana URL",
            type="url",
            placeholder="https://grafana.example.com",
            description="Where Grafana is reached.",
            required=True,
        ),
        Parameter(
            name="token",
            display_name="Service account token",
            placeholder="glsa_...",
            description="Of an account that may write annotations.",
            required=True,
            sensitive=True,
            check=check_value,
        ),
        Parameter(
            name="dashboardUID",
            display_name="Dashboard UID",
            description="Marks only this dashboard. Without it, every dashboard that asks for the tags.",
        ),
        Parameter(
            name="panelId",
            display_name="Panel id",
            description="Marks only this panel of the dashboard.",
            check=_check_panel,
        ),
        Parameter(
            name="tags",
            display_name="Tags",
            description="More tags for the annotations, separated by commas.",
        ),
        EXTRA_HEADERS,
    ),
    events=offered("datadog"),
)


def build(event: EventOut, parameters: Parameters, _links: Links) -> Built:
    about = (("project", event.project), ("environment", event.environment), ("flag", event.feature_name))
    more = [tag.strip() for tag in parameters.get("tags", "").split(",")]
    body = {
        "time": clock.from_iso(event.created_at),
        "text": html(event.summary),
        "tags": ["flagkeeper", event.type, *(f"{name}:{value}" for name, value in about if value), *filter(None, more)],
    }
    if dashboard := parameters.get("dashboardUID"):
        body["dashboardUID"] = dashboard
    if panel := parameters.get("panelId"):
        body["panelId"] = int(panel)
    url = parameters["url"].rstrip("/") + "/api/annotations"
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {parameters['token']}"}
    headers, warnings = with_extra(headers, parameters.get("customHeaders", ""))
    return one(
        HttpRequest(url=url, headers=headers, body=msgspec.json.encode(body)), {"url": url, "body": body}, warnings
    )


PROVIDER = Provider(definition=DEFINITION, build=build, judge=judge_api)
