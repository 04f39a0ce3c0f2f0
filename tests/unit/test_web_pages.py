"""What the server answers for the web interface's pages and files: without a server, on a build of three files."""

import asyncio
import gzip
from pathlib import Path
from typing import Any

import pytest

from flagkeeper.web.pages import Pages

INDEX = '<meta name="base-path" content="{base-path}"><meta content="{nonce}"><script src="./assets/a-1.js"></script>'


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    (tmp_path / "index.html").write_text(INDEX)
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "a-1.js").write_bytes(b"let a = 1")
    (assets / "a-1.js.gz").write_bytes(gzip.compress(b"let a = 1"))
    (assets / "a-1.js.br").write_bytes(b"brotli")
    (assets / "secret.txt").write_text("not a file of a page")
    return Pages(frozenset({"api", "docs"}), tmp_path)


def scope(path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"method": method, "path": path, "headers": named}


def answer(pages: Pages, base_path: str = "", **request: Any) -> tuple[int, dict[str, str], bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(pages.answer(scope(**request), base_path, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, sent[1]["body"]


@pytest.mark.parametrize(
    ("path", "accept", "shown"),
    [
        ("/", "text/html,*/*", True),
        ("/projects/default/features/a", "text/html", True),
        ("/apiary", "text/html", True),
        ("/history", "application/json", False),
        ("/history", "*/*", False),
        ("/api/admin/nothing", "text/html", False),
        ("/docs/openapi", "text/html", False),
        ("/assets/a-1.js", "*/*", True),
    ],
)
def test_a_page_is_what_no_route_has_and_a_browser_asks_for(pages: Pages, path: str, accept: str, shown: bool) -> None:
    assert pages.shows(scope(path, accept=accept)) is shown
    assert not pages.shows(scope(path, "POST", accept=accept))


def test_the_page_knows_where_it_is_and_is_never_kept(pages: Pages) -> None:
    status, headers, body = answer(pages, "/flags", path="/history")
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    nonce = policy["style-src"].split("'nonce-")[1].rstrip("'")
    assert (status, headers["cache-control"]) == (200, "no-store")
    assert body.decode() == INDEX.replace("{base-path}", "/flags").replace("{nonce}", nonce).replace("./", "/flags/")
    assert (policy["default-src"], policy["script-src"]) == ("'none'", "'self'")
    assert answer(pages, path="/history")[2] != answer(pages, path="/history")[2], "a nonce is used once"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("identity", None), ("", None)],
)
def test_a_file_is_kept_for_ever_and_comes_packed(pages: Pages, accepted: str, coding: str | None) -> None:
    status, headers, body = answer(pages, path="/assets/a-1.js", accept_encoding=accepted)
    assert (status, headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert (headers["content-type"], headers["vary"]) == ("text/javascript; charset=utf-8", "Accept-Encoding")
    assert headers.get("content-encoding") == coding
    assert (gzip.decompress(body) if coding == "gzip" else body) == (b"brotli" if coding == "br" else b"let a = 1")


@pytest.mark.parametrize("name", ["b-2.js", "../index.html", "secret.txt", "", "a-1.js.gz", "..%2findex.html"])
def test_no_other_file_is_served(pages: Pages, name: str) -> None:
    assert answer(pages, path=f"/assets/{name}")[0] == 404


def test_a_build_that_is_missing_is_explained_and_shown_once_it_is_there(pages: Pages, tmp_path: Path) -> None:
    built = tmp_path / "later"
    later = Pages(frozenset(), built)
    status, _, body = answer(later, path="/")
    assert status == 503
    assert b"make ui" in body
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("first")
    assert answer(later, path="/")[2] == b"first"
