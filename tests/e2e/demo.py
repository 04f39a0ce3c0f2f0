"""A server with something to look at: flags, strategies, people, a week of nothing and a busy minute."""

from collections.abc import Callable
from typing import Any

FLAGS = {
    "checkout-one-page": "The shorter way to pay: address, delivery and card on one page.",
    "coupon-rate-limit": "Stops those who try thousands of coupons.",
    "reviews-async-writes": "Writes reviews in the background.",
    "search-suggestions": "Suggests while one types.",
    "very-long-name-of-a-flag-that-somebody-found-necessary-to-tell-all-about-what-it-does": "",
}
NORDIC = {
    "name": "flexibleRollout",
    "title": "Nordic customers, slowly",
    "parameters": {"rollout": "10", "stickiness": "userId", "groupId": "checkout-one-page"},
    "constraints": [
        {"contextName": "country", "operator": "IN", "values": ["SE", "NO", "DK", "FI"]},
        {"contextName": "appVersion", "operator": "SEMVER_GT", "value": "4.2.0"},
    ],
    "variants": [
        {"name": "control", "weight": 500, "weightType": "variable", "stickiness": "userId"},
        {"name": "one-page", "weight": 500, "weightType": "variable", "stickiness": "userId"},
    ],
}
STAFF = {
    "name": "flexibleRollout",
    "title": "Staff first",
    "parameters": {"rollout": "100", "stickiness": "default", "groupId": "checkout-one-page"},
    "constraints": [{"contextName": "userId", "operator": "STR_ENDS_WITH", "values": ["@example.com"]}],
}
NORDICS = {
    "name": "nordic-customers",
    "description": "Those whom we deliver to by ship.",
    "constraints": [{"contextName": "country", "operator": "IN", "values": ["SE", "NO", "DK", "FI"]}],
}
NOBODY_LISTENS = {
    "provider": "webhook",
    "description": "Deployment board",
    "enabled": True,
    "parameters": {"url": "http://127.0.0.1:9/hook"},
    "events": ["feature-strategy-update"],
    "query": "-by:robot",
}
"""An integration that fails, so that there is something to see."""
FREEZE = {"message": "No changes in production from 20 December on", "variant": "warning", "enabled": False}
PAYMENTS = {"name": "payments", "description": "They own the checkout", "users": [{"user": {"id": 1}}]}
RELEASES = {"username": "release-bot", "name": "Release bot", "rootRole": 2}
CUSTOMERS = [f"user{number}@example.com" for number in range(104, 134)]

Call = Callable[..., Any]
"""`call(method, path, json)` asks the server as an administrator, and gives what it answered."""


def fill(call: Call) -> None:
    """Makes it."""
    base = "/api/admin/projects/default/features"
    call("POST", "/api/admin/addons", NOBODY_LISTENS)
    call("POST", "/api/admin/banners", FREEZE)
    call("POST", "/api/admin/metrics/applications/shop", {"description": "What customers see"})
    call("POST", "/api/admin/service-account", RELEASES)
    group = call("POST", "/api/admin/groups", PAYMENTS)
    call("POST", "/api/admin/projects/default/access", {"roles": [4], "users": [], "groups": [group["id"]]})
    segment = call("POST", "/api/admin/segments", NORDICS)
    for name, description in FLAGS.items():
        call("POST", base, {"name": name, "description": description})
    call(
        "POST",
        f"{base}/checkout-one-page/tags".replace("/projects/default", ""),
        {"type": "simple", "value": "payments"},
    )
    production = f"{base}/checkout-one-page/environments/production"
    call("POST", f"{production}/strategies", STAFF)
    call(
        "POST",
        f"{base}/search-suggestions/environments/development/strategies",
        {"name": "default", "segments": [segment["id"]]},
    )
    added = call("POST", f"{production}/strategies", NORDIC)
    for environment in ("development", "production"):
        for name in list(FLAGS)[:4]:
            call("POST", f"{base}/{name}/environments/{environment}/on", None)
    call("POST", f"{base}/search-suggestions/environments/production/off", None)
    changed = {**NORDIC, "parameters": {**NORDIC["parameters"], "rollout": "25"}}  # type: ignore[dict-item]
    changed["constraints"] = [
        {"contextName": "country", "operator": "IN", "values": ["SE", "NO", "IS"]},
        {"contextName": "userId", "operator": "IN", "values": CUSTOMERS},
    ]
    call("POST", f"{base}/coupon-rate-limit/dependencies", {"feature": "checkout-one-page"})
    call("POST", f"{base}/checkout-one-page/link", {"url": "https://example.com/PAY-7", "title": "PAY-7"})
    call("PUT", f"{production}/strategies/{added['id']}", changed)
