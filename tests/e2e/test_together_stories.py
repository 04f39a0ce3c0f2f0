"""Two people at the same time: what one changes the other sees, and nothing that somebody wrote is lost."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import WIDE, Watch, log_in, settle
from tests.server import PASSWORD, TestServer

pytestmark = pytest.mark.slow

FLAGS = "/api/admin/projects/default/features"


@pytest.fixture
def other(browser: Browser, shown: TestServer) -> Iterator[Page]:
    """Somebody else's browser."""
    context = browser.new_context(viewport=WIDE)
    context.set_default_timeout(15_000)
    page = context.new_page()
    watch = Watch(context, shown.url)
    log_in(page, shown.url, "admin", PASSWORD)
    yield page
    context.close()
    assert watch.found == []


def flag(server: TestServer, name: str) -> str:
    """Makes a flag with a strategy. Returns where its production environment is."""
    assert server.post(FLAGS, json={"name": name}).status_code == 201
    path = f"{FLAGS}/{name}/environments/production"
    parameters = {"rollout": "50", "stickiness": "default", "groupId": name}
    rollout = {"name": "flexibleRollout", "title": "By halves", "parameters": parameters}
    assert server.post(f"{path}/strategies", json=rollout).status_code == 200
    return path


def test_a_change_in_one_browser_shows_in_the_other(page: Page, other: Page, shown: TestServer) -> None:
    flag(shown, "seen-by-two")
    for each in (page, other):
        each.goto(f"{shown.url}/projects/default/features/seen-by-two")
        settle(each)
    theirs = other.get_by_role("switch", name="seen-by-two in production")
    expect(theirs).not_to_be_checked()
    page.get_by_role("switch", name="seen-by-two in production").click()
    expect(theirs).to_be_checked(timeout=15_000)
    listed = other.get_by_role("complementary", name="Latest changes").get_by_role("listitem").first
    expect(listed).to_contain_text("in production")


def test_one_window_follows_for_all_of_a_browser(page: Page, shown: TestServer) -> None:
    """Browsers have six connections to a server: eight windows with a stream each would wait for ever."""
    context = page.context
    pages = [page, *(context.new_page() for _ in range(7))]
    opened: list[str] = []
    context.on("request", lambda request: opened.append(request.url) if "/log/stream" in request.url else None)
    path = flag(shown, "followed-by-eight")
    for each in pages:
        each.goto(f"{shown.url}/projects/default/features/followed-by-eight")
        settle(each)
    assert len(opened) == 1
    assert shown.post(f"{path}/on").status_code == 200
    for each in pages:
        expect(each.get_by_role("switch", name="followed-by-eight in production")).to_be_checked(timeout=15_000)
    for each in pages[1:]:
        each.close()


def test_two_edit_a_strategy(page: Page, shown: TestServer) -> None:
    path = flag(shown, "edited-by-two")
    strategy = shown.get(f"{path}/strategies").json()[0]
    page.goto(f"{shown.url}/projects/default/features/edited-by-two")
    settle(page)
    card = page.get_by_role("region", name="production")
    card.get_by_role("button", name="By halves", exact=True).click()
    dialog = page.get_by_role("dialog", name="Strategy in production")
    dialog.get_by_label("Title").fill("Half of them")
    changed = {**strategy, "parameters": {**strategy["parameters"], "rollout": "10"}}
    assert shown.put(f"{path}/strategies/{strategy['id']}", json=changed).status_code == 200
    note = dialog.get_by_role("alert").filter(has_text="Somebody changed this strategy meanwhile")
    expect(note).to_contain_text("10 %", timeout=15_000)
    expect(dialog.get_by_label("Title")).to_have_value("Half of them")
    note.get_by_role("button", name="Keep mine").click()
    expect(note).to_have_count(0)
    expect(dialog.get_by_role("region", name="What this changes")).to_contain_text("50 %")
    dialog.get_by_role("button", name="Save strategy").click()
    expect(dialog).to_have_count(0)
    stored = shown.get(f"{path}/strategies").json()[0]
    assert (stored["title"], stored["parameters"]["rollout"]) == ("Half of them", "50")


def test_a_flag_is_archived_while_somebody_writes(page: Page, shown: TestServer) -> None:
    flag(shown, "archived-meanwhile")
    page.goto(f"{shown.url}/projects/default/features/archived-meanwhile")
    settle(page)
    page.get_by_role("region", name="production").get_by_role("button", name="By halves", exact=True).click()
    dialog = page.get_by_role("dialog", name="Strategy in production")
    dialog.get_by_label("Title").fill("Typed for a long time")
    archived = shown.post("/api/admin/projects/default/archive", json={"features": ["archived-meanwhile"]})
    assert archived.status_code == 202
    expect(page.locator("main").get_by_text("It was archived")).to_be_attached(timeout=15_000)
    dialog.get_by_role("button", name="Save strategy").click()
    expect(dialog.get_by_role("alert").last).to_contain_text("archived")
    expect(dialog.get_by_label("Title")).to_have_value("Typed for a long time")


def test_a_segment_is_deleted_while_somebody_writes(page: Page, shown: TestServer) -> None:
    made = shown.post("/api/admin/segments", json={"name": "short-lived", "constraints": []}).json()
    page.goto(f"{shown.url}/segments/edit/{made['id']}")
    settle(page)
    page.get_by_label("Description").fill("Typed for a long time")
    assert shown.delete(f"/api/admin/segments/{made['id']}").status_code == 204
    expect(page.get_by_role("alert").first).to_contain_text("not here any more", timeout=15_000)
    expect(page.get_by_label("Description")).to_have_value("Typed for a long time")


def test_variants_of_an_environment(page: Page, shown: TestServer) -> None:
    path = flag(shown, "environment-variants")
    old = [{"name": "red", "weight": 1000, "weightType": "variable", "stickiness": "default"}]
    assert shown.put(f"{FLAGS}/environment-variants/variants", json=old).status_code == 200
    page.goto(f"{shown.url}/projects/default/features/environment-variants")
    settle(page)
    page.get_by_role("region", name="production").get_by_role("button", name="Edit variants").click()
    dialog = page.get_by_role("dialog", name="Variants in production")
    dialog.get_by_role("button", name="Variant", exact=True).click()
    dialog.get_by_placeholder("Name").last.fill("green")
    dialog.get_by_role("button", name="Save variants").click()
    expect(page.get_by_text("Saved the variants in production.")).to_be_visible()
    stored = shown.get(f"{path}/variants").json()["variants"]
    assert [(each["name"], each["weight"]) for each in stored] == [("green", 500), ("red", 500)]


def test_one_browser_ends_the_session_of_another(page: Page, other: Page, shown: TestServer) -> None:
    page.goto(f"{shown.url}/profile")
    settle(page)
    sessions = page.get_by_role("region", name="Sessions")
    expect(sessions.get_by_role("row").filter(has_text="this one")).to_have_count(1)
    sessions.get_by_role("button", name="End all others").click()
    expect(page.get_by_text("Ended all other sessions.")).to_be_visible()
    expect(sessions.get_by_role("row").filter(has_text="Chrome on")).to_have_count(1)
    expect(other.get_by_role("dialog", name="Your session has ended")).to_be_visible(timeout=15_000)


def test_requests_are_drawn_and_told(page: Page, shown: TestServer) -> None:
    flag(shown, "asked-for")
    token = {"tokenName": "shop", "type": "client", "environment": "production", "projects": ["default"]}
    secret = shown.post("/api/admin/api-tokens", json=token).json()["secret"]
    now = datetime.now(UTC).isoformat()
    bucket = {"start": now, "stop": now, "toggles": {"asked-for": {"yes": 30, "no": 12, "variants": {}}}}
    sent = shown.post(
        "/api/client/metrics",
        headers={"Authorization": secret},
        json={"appName": "shop", "instanceId": "one", "environment": "production", "bucket": bucket},
    )
    assert sent.status_code == 202
    page.goto(f"{shown.url}/projects/default/features/asked-for")
    settle(page)
    requests = page.get_by_role("region", name="Requests")
    requests.get_by_label("Environment of the requests").click()
    page.get_by_role("option", name="production").click()
    # Servers keep what SDKs send for some seconds before they store it.
    for _ in range(30):
        if requests.get_by_text("30 yes, 12 no").count():
            break
        page.wait_for_timeout(1_000)
        page.reload()
        settle(page)
        requests.get_by_label("Environment of the requests").click()
        page.get_by_role("option", name="production").click()
    requests.get_by_text("Numbers, and who asks").click()
    expect(requests.get_by_role("row").last).to_contain_text("30")
    expect(requests).to_contain_text("shop 42")
