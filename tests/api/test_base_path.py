"""Below a path, and behind proxies: everything is found there, and leads there."""

from ipaddress import ip_network

import httpx

from tests.server import BACKEND, PASSWORD, Host, TestServer, settings_for

FLAGS = "/api/admin/projects/default/features"
HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "flags.example"}


def log_in(server: TestServer, prefix: str, **headers: str) -> httpx.Response:
    body = {"username": "admin", "password": PASSWORD}
    answer = server.post(f"{prefix}/auth/simple/login", json=body, token=None, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def test_everything_is_found_below_the_base_path_and_leads_there(host: Host, sqlite_url: str) -> None:
    settings = settings_for(sqlite_url, public_url="https://flags.example/unleash", session_hours=1, most_sessions=2)
    with TestServer(host, settings) as server:
        for prefix in ("/unleash", ""):
            for path, token in (
                ("/health", None),
                ("/ready", None),
                ("/internal-backstage/prometheus", None),
                ("/docs/openapi", None),
                ("/docs/assets/docs.js", None),
                ("/api/client/features", BACKEND),
            ):
                assert server.get(f"{prefix}{path}", token=token).status_code == 200, prefix + path
            assert server.get(f"{server.url}{prefix}//api/client/features/", token=BACKEND).status_code == 200
            assert server.get(f"{prefix}{FLAGS}").status_code == 200
            assert server.get(f"{prefix}/docs", token=None).headers["location"] == "/unleash/docs/openapi"
        assert server.get("/unleash", token=None).headers["location"] == "/unleash/docs/openapi"
        assert server.get("/unleash/", token=None).status_code == 302
        assert server.get("/unleashed/health", token=None).status_code == 404
        assert server.get("/unleash/unleash/health", token=None).status_code == 404
        assert server.get("/unleash/docs/openapi.json").json()["servers"] == [{"url": "/unleash"}]
        refused = server.get(f"/unleash{FLAGS}", token=None)
        assert (refused.status_code, refused.json()["path"]) == (401, "/unleash/auth/simple/login")
        cookie = log_in(server, "/unleash").headers["set-cookie"].lower()
        assert "path=/unleash;" in f"{cookie};"
        assert "max-age=3600" in cookie
        log_in(server, "/unleash")
        assert log_in(server, "/unleash").json()["deletedSessions"] == 1
        gone = server.post("/unleash/logout", token=None)
        assert gone.headers["location"] == "/unleash/signed-out"
        made = server.post(f"/unleash{FLAGS}", json={"name": "new"})
        assert made.status_code == 201
        (event,) = server.events(type="IS:feature-created")
        assert "(https://flags.example/unleash/" in event["summary"]


def test_what_trusted_proxies_say_of_scheme_and_host_counts_for_cookies_links_and_origins(
    host: Host, sqlite_url: str
) -> None:
    settings = settings_for(sqlite_url, public_url="", base_uri_path="/x")
    with TestServer(host, settings) as server:
        assert "secure" not in log_in(server, "/x", **HTTPS).headers["set-cookie"].lower(), "anybody can say so"
        server.post(f"/x{FLAGS}", json={"name": "new"})
        found = server.get("/x/api/admin/search/events?type=IS:feature-created", headers=HTTPS).json()["events"]
        assert "(http://127.0.0.1" in found[0]["summary"] or "(http://localhost" in found[0]["summary"]
    trusting = settings_for(sqlite_url, public_url="", base_uri_path="/x", trusted_proxies=(ip_network("127.0.0.1"),))
    with TestServer(host, trusting) as server:
        assert "secure" not in log_in(server, "/x").headers["set-cookie"].lower()
        cookie = log_in(server, "/x", **HTTPS).headers["set-cookie"]
        assert "secure" in cookie.lower()
        found = server.get("/x/api/admin/search/events?type=IS:feature-created", headers=HTTPS).json()["events"]
        assert "(https://flags.example/x/" in found[0]["summary"]
        session = {"Cookie": cookie.partition(";")[0]}
        for origin, status in (("https://flags.example", 201), ("https://evil.example", 403)):
            headers = {**HTTPS, **session, "Origin": origin}
            made = server.post(f"/x{FLAGS}", json={"name": f"by-{status}"}, token=None, headers=headers)
            assert made.status_code == status, made.text
