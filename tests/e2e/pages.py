"""Every page that has a path. Each is opened, checked and photographed (`test_pages.py`, `tools/screenshots.py`)."""

FLAG = "checkout-one-page"

PAGES: dict[str, str] = {
    "history": "/history",
    "history-open": "/history?event=newest",
    "history-event": "/history/newest",
    "project-log": "/projects/default/logs",
    "flag-log": f"/projects/default/features/{FLAG}/logs",
    "flags": "/search",
    "flag": f"/projects/default/features/{FLAG}",
    "flag-dependent": "/projects/default/features/coupon-rate-limit",
    "project": "/projects/default",
    "projects": "/projects",
    "profile": "/profile",
    "playground": "/playground?open=checkout-one-page&context=userId%3Duser104%40example.com%26country%3DSE",
    "integrations": "/integrations",
    "integration": "/integrations/1",
    "integration-new": "/integrations/create/slack-app",
    "segments": "/segments",
    "segment": "/segments/edit/1",
    "context": "/context",
    "context-field": "/context/edit/userId",
    "archive": "/archive",
    "tag-types": "/tag-types",
    "strategies": "/strategies",
    "users": "/admin/users",
    "tokens": "/admin/api",
    "log-keeping": "/admin/log",
}
"""Name and path; `newest` stands for the id of the newest event that changed a strategy."""
