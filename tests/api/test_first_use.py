"""What people meet first: the printed address opens, its root is a page, and what they make is not put into git."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.api.test_cli import flagkeeper, serving
from tests.server import ADMIN, Host, TestServer, settings_for

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("accept", ["text/html,application/xhtml+xml,*/*;q=0.8", "*/*"])
@pytest.mark.parametrize("base", ["", "/unleash"])
def test_the_root_leads_to_a_page(host: Host, sqlite_url: str, base: str, accept: str) -> None:
    with TestServer(host, settings_for(sqlite_url, base_uri_path=base)) as server:
        for path in {f"{base}/", base or "/"}:
            answer = server.client.get(path, headers={"Accept": accept}, follow_redirects=True)
            assert answer.status_code in (200, 503), f"{path}: 503 is the page that says how to build the interface"
            assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.slow
@pytest.mark.parametrize("named", ["::1", "[::1]"])
def test_an_address_of_ipv6_is_printed_so_that_it_opens(sqlite_url: str, tmp_path: Path, named: str) -> None:
    with serving(sqlite_url, tmp_path, HTTP_HOST=named, INIT_ADMIN_API_TOKENS=ADMIN) as server:
        assert server.url.startswith("http://[::1]:")
        assert server.client.get("/health").status_code == 200
        headers = {"Authorization": ADMIN}
        made = server.client.post("/api/admin/projects/default/features", json={"name": "x"}, headers=headers)
        assert made.status_code == 201
        found = server.client.get("/api/admin/search/events?type=IS:feature-created", headers=headers).json()
        assert f"]({server.url}/" in found["events"][0]["summary"], "links open as well"


def test_what_running_it_leaves_behind_is_not_put_into_git() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    names = ["flags.backup", "deep/flags.backup", "flagkeeper.db", "flagkeeper.db-wal", "flagkeeper.db-shm"]
    ignored = subprocess.run(["git", "check-ignore", *names], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ignored.stdout.split() == names


def test_a_list_of_a_wrong_type_says_so_and_one_of_nothing_too(sqlite_url: str) -> None:
    wrong = flagkeeper("events", "list", "--type", "feature-creatd", on=sqlite_url)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "there is no event type feature-creatd. Did you mean feature-created?" in wrong.stderr
    nothing = flagkeeper("events", "list", "--type", "feature-created", on=sqlite_url)
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (0, "", "No events match.\n")
