"""What people do, from the first click to what they wanted, on the real server."""

import csv
import io
import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.databases import Run, fresh_sqlite
from tests.e2e.browser import Watch, log_in, settle
from tests.e2e.demo import FLAGS
from tests.server import PASSWORD, Host, TestServer, settings_for

pytestmark = pytest.mark.slow

FLAG = "checkout-one-page"
ENVIRONMENT = "/api/admin/projects/default/features/{}/environments/{}/{}"


def rows(page: Page) -> list[str]:
    """What the list of events says, row by row."""
    return [each or "" for each in page.locator("button[data-row]").evaluate_all("all => all.map(e => e.ariaLabel)")]


def test_login_leads_back_to_where_one_wanted_to_go(browser: Browser, shown: TestServer) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{shown.url}/history?q=env%3Aproduction")
    page.get_by_label("Username or e-mail").fill("admin")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    page.get_by_label("Password", exact=True).fill("Correct-horse-1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/history?q=env%3Aproduction")
    expect(page.get_by_label("Query")).to_have_value("env:production")
    context.clear_cookies()
    page.get_by_role("link", name="Flags").click()
    dialog = page.get_by_role("dialog", name="Your session has ended")
    dialog.get_by_label("Username or e-mail").fill("admin")
    dialog.get_by_label("Password", exact=True).fill("Correct-horse-1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("switch", name=f"{FLAG} in production")).to_be_visible()
    page.get_by_role("button", name="admin", exact=True).click()
    page.get_by_role("menuitem", name="Log out").click()
    page.wait_for_url("**/login*")
    page.goto(f"{shown.url}/projects")
    page.wait_for_url("**/login?redirect=%2Fprojects")
    context.close()


def test_who_may_only_look_is_told_what_is_missing(browser: Browser, shown: TestServer) -> None:
    viewer = {"username": "vera", "password": "Correct-horse-2", "rootRole": 3, "sendEmail": False}
    assert shown.post("/api/admin/user-admin", json=viewer).status_code == 201
    context = browser.new_context()
    page = context.new_page()
    log_in(page, shown.url, "vera", "Correct-horse-2")
    page.goto(f"{shown.url}/projects/default/features/{FLAG}")
    settle(page)
    expect(page.get_by_role("switch", name=f"{FLAG} in production")).to_be_disabled()
    expect(page.get_by_role("button", name="Edit", exact=True)).to_be_disabled()
    page.get_by_role("switch", name=f"{FLAG} in production").locator("xpath=..").hover(position={"x": 3, "y": 3})
    expect(page.get_by_role("tooltip")).to_have_text("Needs Update flag environment in production")
    context.close()


def test_a_change_is_seen_as_it_happens_and_undone(page: Page, shown: TestServer) -> None:
    page.goto(f"{shown.url}/history")
    settle(page)
    # Whatever happened since the list was asked for is in it, also before the stream has begun.
    shown.post(ENVIRONMENT.format(FLAG, "development", "off"))
    page.get_by_role("button", name="Live").click()
    row = page.locator("button[data-row]").first
    expect(row).to_have_attribute(
        "aria-label", re.compile(f"disabled {FLAG} in environment development"), timeout=5_000
    )
    row.click()
    page.get_by_role("button", name="Undo this change").click()
    page.get_by_label("Why").fill("It was the wrong one")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text(re.compile("Undone: it is event"))).to_be_visible()
    undone = shown.events()[0]
    assert (undone["type"], undone["reason"]) == ("feature-environment-enabled", "It was the wrong one")


def test_the_log_is_narrowed_by_words_clicks_and_keys(page: Page, shown: TestServer) -> None:
    page.goto(f"{shown.url}/history")
    settle(page)
    page.keyboard.press("/")
    page.keyboard.type("env:prod")
    page.get_by_role("option", name=re.compile("production")).click()
    page.wait_for_url("**q=env%3Aproduction**")
    page.get_by_label("Flag strategy updated").check()
    page.wait_for_url("**type%3Afeature-strategy-update**")
    expect(page.locator("button[data-row]")).to_have_count(1)
    page.locator("button[data-row]").click()
    page.get_by_role("tab", name="Before and after").wait_for()
    expect(page.locator("ins", has_text="25 %").first).to_be_visible()
    expect(page.get_by_text(re.compile(r"1 added, 2 removed"))).to_be_visible()
    page.keyboard.press("]")
    expect(page.get_by_role("tab", name="Before and after")).to_have_attribute("aria-selected", "true")
    query = page.get_by_label("Query")
    query.fill("nonsense:1")
    query.press("Enter")
    expect(page.locator("#query-error")).to_contain_text("There is no field nonsense")
    query.fill("by:nobody")
    query.press("Enter")
    expect(page.get_by_role("heading", name="No event matches")).to_be_visible()


def test_two_clicks_that_follow_each_other_fast_both_count(page: Page, shown: TestServer) -> None:
    page.goto(f"{shown.url}/history")
    settle(page)
    both = [page.get_by_label(name, exact=True) for name in ("production", "Flag strategy added")]
    for each in both:
        each.wait_for()
    page.evaluate("all => all.forEach(each => each.click())", [each.element_handle() for each in both])
    page.wait_for_url("**/history?q=env%3Aproduction**type%3Afeature-strategy-add")
    for each in both:
        expect(each).to_be_checked()


@pytest.mark.parametrize("kind", ["CSV", "JSON, one list"])
def test_an_export_holds_all_that_the_query_finds(page: Page, shown: TestServer, tmp_path: Path, kind: str) -> None:
    page.goto(f"{shown.url}/history?q=type:feature-created")
    settle(page)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as downloading:
        page.get_by_role("menuitem", name=re.compile(f"^{kind}")).click()
    path = tmp_path / "export"
    downloading.value.save_as(path)
    text = path.read_text(encoding="utf-8-sig")
    found = list(csv.DictReader(io.StringIO(text))) if kind == "CSV" else json.loads(text)
    created = [each["featureName"] for each in shown.events(type="IS:feature-created")]
    assert len(created) >= len(FLAGS)
    assert [each["featureName"] for each in found] == created[::-1], "the oldest first, and each once"


def test_the_timeline_opens_exactly_what_it_shows(page: Page, shown: TestServer) -> None:
    page.goto(f"{shown.url}/projects")
    mark = page.get_by_role("group", name="Key changes over time").get_by_role("button").last
    mark.wait_for()
    number = int(re.search(r"(\d+) event", mark.get_attribute("aria-label") or "").group(1))  # type: ignore[union-attr]
    mark.click()
    page.wait_for_url("**/history?q=**")
    settle(page)
    expect(page.locator("h1")).to_contain_text(f"{number} event")


def test_what_changed_before_a_moment_is_told_with_the_most_telling_first(page: Page, shown: TestServer) -> None:
    assert shown.post(ENVIRONMENT.format("coupon-rate-limit", "production", "off")).status_code == 200
    switched = shown.last_id()
    page.goto(f"{shown.url}/history/{switched}")
    settle(page)
    page.get_by_role("link", name="What changed around it").click()
    page.wait_for_url("**/what-changed?at=**")
    settle(page)
    noticed = page.get_by_role("region", name="Applications may have noticed")
    first = noticed.get_by_role("listitem").first
    expect(first).to_contain_text("at that moment")
    expect(first).to_contain_text("disabled coupon-rate-limit")
    page.get_by_label("In", exact=True).select_option("development")
    page.wait_for_url("**environment=development**")
    expect(page.get_by_text("disabled coupon-rate-limit in environment production")).to_have_count(0)
    page.get_by_label("Moment", exact=True).fill("2020-01-01T00:00")
    expect(page.get_by_role("heading", name="Nothing changed")).to_be_visible()


def test_the_command_bar_leads_anywhere(page: Page, shown: TestServer) -> None:
    page.goto(f"{shown.url}/projects")
    settle(page)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name=re.compile("ask the log")).press_sequentially("coupon")
    expect(page.get_by_role("option", selected=True)).to_contain_text("coupon-rate-limit")
    page.keyboard.press("Enter")
    page.wait_for_url("**/projects/default/features/coupon-rate-limit")
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_url("**/history")


def test_a_flag_is_created_and_switched_with_keys_alone(page: Page, shown: TestServer) -> None:
    page.goto(f"{shown.url}/search")
    settle(page)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name=re.compile("ask the log")).press_sequentially("create a flag")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    page.keyboard.type("made-by-keys")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text('is_enabled("made-by-keys"')
    page.keyboard.press("Enter")
    # The list that is left has such a switch as well, and its address goes before it does.
    expect(page.get_by_role("heading", name="made-by-keys", level=1)).to_be_visible()
    switch = page.get_by_role("switch", name="made-by-keys in development")
    switch.focus()
    page.keyboard.press("Space")
    expect(switch).to_be_checked()
    expect(page.get_by_text("Turned on made-by-keys in development.")).to_be_visible()
    types = {each["type"] for each in shown.events(feature="IS:made-by-keys")}
    assert types == {"feature-created", "feature-strategy-add", "feature-environment-enabled"}


def test_a_strategy_is_edited_reordered_and_taken_back(page: Page, shown: TestServer) -> None:
    strategies = f"/api/admin/projects/default/features/{FLAG}/environments/production/strategies"
    page.goto(f"{shown.url}/projects/default/features/{FLAG}")
    settle(page)
    card = page.get_by_role("region", name="production")
    card.get_by_role("button", name="Nordic customers, slowly", exact=True).click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("textbox", name="Rollout in percent").fill("60")
    expect(drawer).to_contain_text("60 % of users")
    expect(drawer.get_by_label("What this changes")).to_contain_text("25 %")
    drawer.get_by_role("button", name="Save strategy").click()
    expect(card).to_contain_text("60 % of users")
    assert [each["parameters"]["rollout"] for each in shown.get(strategies).json()] == ["100", "60"]
    card.get_by_role("button", name="More for Staff first").click()
    page.get_by_role("menuitem", name="Move down").click()
    expect(page.get_by_text("Reordered the strategies")).to_be_visible()
    assert [each["title"] for each in shown.get(strategies).json()] == ["Nordic customers, slowly", "Staff first"]
    page.get_by_text("Reordered the strategies").get_by_role("button", name="Undo").click()
    expect(card.get_by_role("article").first).to_contain_text("Staff first")
    assert shown.events()[0]["type"] == "strategy-order-changed"


HOSTILE = "<img src=x onerror=window.hurt=1><script>window.hurt=1</script>[x](javascript:hurt) =1+1"


def test_text_is_never_markup(page: Page, shown: TestServer) -> None:
    flags = "/api/admin/projects/default/features"
    shown.post(flags, json={"name": "hostile", "description": HOSTILE})
    shown.put(
        "/api/admin/projects/default/tags",
        json={
            "features": ["hostile"],
            "tags": {"addedTags": [{"type": "simple", "value": HOSTILE[:40]}], "removedTags": []},
        },
    )
    strategy = {
        "name": "flexibleRollout",
        "title": HOSTILE,
        "parameters": {"rollout": "50", "stickiness": HOSTILE, "groupId": HOSTILE},
        "constraints": [{"contextName": HOSTILE[:30], "operator": "IN", "values": [HOSTILE]}],
        "variants": [
            {
                "name": HOSTILE,
                "weight": 1000,
                "weightType": "variable",
                "stickiness": "default",
                "payload": {"type": "string", "value": HOSTILE},
            }
        ],
    }
    added = shown.post(f"{flags}/hostile/environments/production/strategies", json=strategy)
    assert added.status_code == 200, added.text
    reason = {"X-Change-Reason": "UTF-8''" + quote(HOSTILE), "X-Change-Ticket": "UTF-8''" + quote(HOSTILE)}
    shown.post(f"{flags}/hostile/environments/production/on", headers=reason)
    newest = shown.last_id()
    conditions = strategy["constraints"]
    segment = shown.post("/api/admin/segments", json={"name": HOSTILE, "constraints": conditions})
    assert segment.status_code == 201, segment.text
    integration = {
        "provider": "webhook",
        "enabled": False,
        "parameters": {"url": "http://127.0.0.1:9"},
        "events": ["feature-created"],
    }
    made = shown.post("/api/admin/addons", json={**integration, "description": HOSTILE})
    assert made.status_code == 201, made.text
    for path in (
        f"/segments/edit/{segment.json()['id']}",
        "/integrations",
        "/projects/default/features/hostile",
        "/search?q=hostile",
        f"/history?q=flag:hostile&event={newest}",
        f"/history/{newest}",
        f"/history/{newest - 1}",
        f"/history?q={quote(HOSTILE)}",
    ):
        page.goto(shown.url + path)
        settle(page)
        expect(page.locator("#root")).to_contain_text(re.compile("onerror|hostile"))
    page.goto(f"{shown.url}/projects/default/features/hostile")
    page.get_by_role("article").get_by_role("button", name=re.compile("^<img")).click()
    expect(page.get_by_role("dialog")).to_contain_text("onerror")
    assert page.evaluate("window.hurt") is None
    assert page.locator("#root img, #root script").count() == 0


def test_pages_are_where_a_proxy_puts_them(browser: Browser, run: Run, tmp_path: Path) -> None:
    host = Host()
    with fresh_sqlite(run, tmp_path) as url, TestServer(host, settings_for(url, public_url="http://x/flags")) as server:
        context = browser.new_context()
        page = context.new_page()
        watch = Watch(context, server.url)
        log_in(page, f"{server.url}/flags", "admin", PASSWORD)
        assert page.url == f"{server.url}/flags/history"
        expect(page.locator("button[data-row]").first).to_be_visible()
        page.get_by_role("link", name="Projects").click()
        page.wait_for_url("**/flags/projects")
        expect(page.get_by_role("link", name="Default")).to_be_visible()
        context.close()
    host.stop()
    assert watch.found == []
