"""Whatever people, roles, groups and private projects there are: nobody is shown a name, a number or an event of a
project of which they may not know, and none of these projects is there for them."""

import itertools
import re
from typing import Any, NamedTuple

import hypothesis
from hypothesis import strategies as st

from flagkeeper.features.access.model import MEMBER, OWNER, READER
from flagkeeper.features.projects.model import Mode
from tests.api.test_people import give, group
from tests.listener import Listener
from tests.people import Person, person
from tests.projects import add_project, set_mode_of
from tests.sdk import PLACE
from tests.server import TestServer

PEOPLE, GROUPS, PROJECTS = 3, 2, 3
ROOTS = {"Admin": 1, "Editor": 2, "Viewer": 3}
ROLES = (OWNER.id, MEMBER.id, READER.id)
MARK = re.compile(r"secret-\d+-\d+")
"""How each project is called, and everything in it begins."""
NUMBERS = itertools.count(1)

READS = (
    "projects",
    "projects?archived=true",
    "search/features?limit=100",
    "segments",
    "api-tokens",
    "context",
    "environments",
    "personal-dashboard",
    "insights",
    "metrics/applications",
    "search/events?limit=1000",
    "event-creators",
    "log/events?limit=1000",
    "log/export?format=ndjson",
    "log/export?format=csv",
    "log/counts?by=project,flag,type&bucket=total",
    "log/types",
    "log/timeline",
    "log/what-changed?window=1h&limit=100",
    "addons",
    "user-admin/access",
    "user/profile",
    "user",
)
"""What shows things of projects, or may."""
ASKED = (
    ("POST", "playground", {"environment": PLACE, "context": {"appName": "a"}}),
    ("POST", "events/search", {"limit": 100}),
    ("POST", "features-batch/export", {"environment": PLACE, "features": []}),
)
OF_PROJECT = (
    ("GET", "/overview"),
    ("GET", "/status"),
    ("GET", "/health-report"),
    ("GET", "/insights"),
    ("GET", "/features"),
    ("GET", "/features/{project}-flag"),
    ("GET", "/api-tokens"),
    ("GET", "/access"),
    ("PUT", ""),
    ("POST", "/features"),
    ("POST", f"/features/{{project}}-flag/environments/{PLACE}/on"),
    ("DELETE", "/features/{project}-flag"),
    ("DELETE", ""),
)


class Group(NamedTuple):
    root: int | None
    members: frozenset[int]
    roles: dict[int, int]
    """By the number of the project."""


class Plan(NamedTuple):
    """Who there is, and what they may know."""

    roots: list[str]
    groups: list[Group]
    roles: list[dict[int, int]]
    modes: list[Mode]

    def knows(self, who: int, project: int) -> bool:
        """By an own, small reading of the rules."""
        inside = [each for each in self.groups if who in each.members]
        if self.modes[project] is not Mode.PRIVATE or self.roots[who] == "Admin":
            return True
        if any(each.root == ROOTS["Admin"] for each in inside):
            return True
        return project in self.roles[who] or any(project in each.roles for each in inside)


_roles = st.dictionaries(st.integers(0, PROJECTS - 1), st.sampled_from(ROLES), max_size=2)
_groups = st.builds(
    Group, st.sampled_from((None, None, *ROOTS.values())), st.frozensets(st.integers(0, PEOPLE - 1)), _roles
)
PLANS = st.builds(
    Plan,
    st.lists(st.sampled_from(("Viewer", "Viewer", "Editor", "Admin")), min_size=PEOPLE, max_size=PEOPLE),
    st.lists(_groups, min_size=GROUPS, max_size=GROUPS),
    st.lists(_roles, min_size=PEOPLE, max_size=PEOPLE),
    st.lists(
        st.sampled_from((Mode.PRIVATE, Mode.PRIVATE, Mode.PROTECTED, Mode.OPEN)), min_size=PROJECTS, max_size=PROJECTS
    ),
)


def made(server: TestServer, plan: Plan, number: int) -> list[Person]:
    """The people of a plan, their groups, and the projects with a flag and a segment in each."""
    people = [person(server, f"person-{number}-{each}", root) for each, root in enumerate(plan.roots)]
    names = [name_of(number, each) for each in range(PROJECTS)]
    for name, mode in zip(names, plan.modes, strict=True):
        add_project(server, name)
        set_mode_of(server, name, mode)
        assert server.post(f"/api/admin/projects/{name}/features", json={"name": f"{name}-flag"}).status_code == 201
        segment = {"name": f"{name}-segment", "project": name, "constraints": []}
        assert server.post("/api/admin/segments", json=segment).status_code == 201
    for each, roles in zip(people, plan.roles, strict=True):
        for project, role in roles.items():
            give(server, names[project], role, to_user=each.id)
    for index, wanted in enumerate(plan.groups):
        members = [people[each] for each in sorted(wanted.members)]
        team = group(server, f"group-{number}-{index}", *members, role=wanted.root)
        for project, role in wanted.roles.items():
            give(server, names[project], role, to_group=team)
    return people


def name_of(number: int, project: int) -> str:
    return f"secret-{number}-{project}"


def told(server: TestServer, who: Person, last: str) -> str:
    """What a tail tells that begins at the start of the log, up to an event of a flag that everybody may see."""
    with Listener(server.url, who.token, after="0") as listener:
        listener.wait(lambda each: last in [event["featureName"] for event in each.events])
        return "".join(message.data for message in listener.messages)


def check(server: TestServer, who: Person, known: set[str], every: set[str], shown_to_all: list[str]) -> None:
    answers = {path: server.get(f"/api/admin/{path}", token=who.token) for path in READS}
    answers |= {
        path: server.request(method, f"/api/admin/{path}", json=body, token=who.token) for method, path, body in ASKED
    }
    texts = {path: answer.text for path, answer in answers.items()}
    texts["log/stream"] = told(server, who, shown_to_all[-1])
    for path, text in texts.items():
        shown = set(MARK.findall(text))
        assert shown <= known, (path, shown - known)
    refused = {path: answer.status_code for path, answer in answers.items() if answer.status_code >= 400}
    assert refused in ({}, {"api-tokens": 403}), "only who has a role for it reads tokens"
    for path in ("projects", "search/events?limit=1000", "log/export?format=ndjson", "log/stream"):
        assert set(MARK.findall(texts[path])) == known, f"{path}: the questions above would prove nothing"
    found: dict[str, Any] = answers["search/features?limit=100"].json()
    assert found["total"] == len(found["features"]) == len(known) + len(shown_to_all)
    for project in sorted(every):
        for method, path in OF_PROJECT if project not in known else OF_PROJECT[:1]:
            url = f"/api/admin/projects/{project}{path.format(project=project)}"
            status = server.request(method, url, token=who.token, json={} if method in ("PUT", "POST") else None)
            assert (status.status_code == 404) is (project not in known), (method, url, status.text)


def test_nobody_is_shown_what_they_may_not_know(server: TestServer) -> None:
    """Projects of earlier examples stay: for people who come later, these are projects without them."""
    private: set[str] = set()
    shared: set[str] = set()
    lanterns: list[str] = []

    @hypothesis.settings(
        max_examples=5,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(plan=PLANS)
    def look(plan: Plan) -> None:
        number = next(NUMBERS)
        people = made(server, plan, number)
        lanterns.append(f"lantern-{number}")
        answer = server.post("/api/admin/projects/default/features", json={"name": lanterns[-1]})
        assert answer.status_code == 201, answer.text
        names = {each: name_of(number, each) for each in range(PROJECTS)}
        for index, who in enumerate(people):
            known = shared | {name for each, name in names.items() if plan.knows(index, each)}
            if plan.roots[index] == "Admin" or any(each.root == 1 and index in each.members for each in plan.groups):
                known |= private
            check(server, who, known, {*names.values()}, lanterns)
        for each, name in names.items():
            (private if plan.modes[each] is Mode.PRIVATE else shared).add(name)

    look()
    assert len(private) > 2
