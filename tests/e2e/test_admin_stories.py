"""What those do who look after an instance: integrations, tokens, users, segments, the keeping of the log."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.databases import Run, fresh_sqlite
from tests.e2e.browser import Watch, log_in, settle, violations
from tests.receiver import FINE, Answer, Receiver, always
from tests.server import PASSWORD, Host, TestServer, settings_for

pytestmark = pytest.mark.slow

FLAGS = "/api/admin/projects/default/features"


def test_an_integration_fails_is_mended_and_catches_up(page: Page, shown: TestServer) -> None:
    with Receiver(always(Answer(503))) as receiver:
        page.goto(f"{shown.url}/integrations")
        settle(page)
        page.get_by_role("link", name="Set up Webhook").click()
        page.get_by_label("Description").fill("Chat room")
        page.get_by_label("Webhook URL").fill(receiver.url)
        query = page.get_by_label("Query")
        query.fill("nonsense:1")
        query.press("Enter")
        expect(page.locator("#query-error")).to_contain_text("There is no field nonsense")
        query.fill("flag:for-the-chat-room")
        query.press("Enter")
        expect(page.get_by_text("It would have been sent 0 events")).to_be_visible()
        page.get_by_role("button", name="Set up", exact=True).click()
        page.wait_for_url(re.compile(r"/integrations/\d+$"))
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_role("status").filter(has_text="The test did not arrive")).to_contain_text("503")
        assert receiver.url not in page.content()
        shown.post(FLAGS, json={"name": "for-the-chat-room"})
        row = page.get_by_role("row", name=re.compile("Flag created"))
        expect(row).to_contain_text("given up", timeout=20_000)
        row.get_by_role("button", name=re.compile("^Attempts of event")).click()
        attempts = page.get_by_role("list", name=re.compile("^Attempts to send event"))
        expect(attempts.get_by_role("listitem").first).to_contain_text("503")
        receiver.decide = always(FINE)
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_text("The test arrived")).to_be_visible()
        row.get_by_role("button", name=re.compile("^Send again")).click()
        expect(row).to_contain_text("delivered", timeout=20_000)
        page.get_by_role("button", name="Replay a range").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("0 events will be sent once more")
        dialog.get_by_label("Deliveries").first.click()
        page.get_by_role("option", name="that were delivered").click()
        expect(dialog).to_contain_text("1 event will be sent once more")
        before = len(receiver.arrivals)
        dialog.get_by_role("button", name="Replay 1 event").click()
        expect(page.get_by_text("1 event is sent again.")).to_be_visible()
        receiver.wait(before + 1)
        page.get_by_role("button", name="Delete", exact=True).click()
        confirm = page.get_by_role("dialog")
        expect(confirm.get_by_role("button", name="Delete integration")).to_be_disabled()
        confirm.get_by_role("textbox").fill("Chat room")
        confirm.get_by_role("button", name="Delete integration").click()
        page.wait_for_url("**/integrations")
    types = [each["type"] for each in shown.events()]
    assert types[0] == "addon-config-deleted"
    assert "addon-config-created" in types


def test_a_secret_is_shown_once_and_works(page: Page, shown: TestServer) -> None:
    page.goto(f"{shown.url}/admin/api")
    settle(page)
    page.get_by_role("button", name="Create token").click()
    page.get_by_role("dialog").get_by_label("Name").fill("checkout-service")
    page.get_by_role("dialog").get_by_role("button", name="Create token").click()
    dialog = page.get_by_role("dialog", name="The secret of checkout-service")
    secret = dialog.locator("pre").inner_text()
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="I have stored it").click()
    expect(dialog).to_have_count(0)
    assert secret not in page.content()
    assert shown.get("/api/client/features", headers={"Authorization": secret}).status_code == 200
    page.get_by_role("button", name="Delete checkout-service").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("checkout-service")
    page.get_by_role("dialog").get_by_role("button", name="Delete token").click()
    expect(page.get_by_text("Deleted the token checkout-service.")).to_be_visible()
    assert shown.get("/api/client/features", headers={"Authorization": secret}).status_code == 401
    page.goto(f"{shown.url}/profile")
    page.get_by_role("button", name="Create personal token").click()
    page.get_by_role("dialog").get_by_label("What it is for").fill("nightly job")
    page.get_by_role("dialog").get_by_role("button", name="Create personal token").click()
    own = page.get_by_role("dialog", name="Your new token").locator("pre").inner_text()
    assert shown.get("/api/admin/user", headers={"Authorization": own}).status_code == 200
    page.get_by_role("button", name="I have stored it").click()
    page.get_by_role("button", name="Delete nightly job").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete token").click()
    expect(page.get_by_text("Deleted the token for nightly job.")).to_be_visible()


def test_users_segments_and_a_hold(page: Page, shown: TestServer) -> None:
    page.goto(f"{shown.url}/admin/users")
    settle(page)
    page.get_by_role("button", name="Create user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Username").fill("berta")
    dialog.get_by_label("Password", exact=True).fill("short")
    dialog.get_by_role("button", name="Create user").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_role("button", name="Make one").click()
    dialog.get_by_role("button", name="Create user").click()
    expect(page.get_by_role("row", name=re.compile("berta"))).to_contain_text("Viewer")
    page.get_by_role("button", name="More for berta").click()
    page.get_by_role("menuitem", name="Change name").click()
    page.get_by_role("dialog").get_by_label("Role").first.click()
    page.get_by_role("option", name="Editor").click()
    page.get_by_role("button", name="Save user").click()
    expect(page.get_by_role("row", name=re.compile("berta"))).to_contain_text("Editor")
    page.goto(f"{shown.url}/segments/create")
    page.get_by_label("Name").fill("beta-testers")
    page.get_by_role("button", name="Condition").click()
    page.get_by_label("Field of condition 1").fill("userId")
    expect(page.get_by_text("has no value")).to_be_visible()
    page.get_by_label("Values of condition 1").first.fill("7")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Create segment").click()
    page.wait_for_url("**/segments")
    page.get_by_role("link", name="nordic-customers").click()
    expect(page.get_by_role("region", name="Where it is used")).to_contain_text("search-suggestions")
    expect(page.get_by_role("button", name="Delete")).to_be_disabled()
    page.goto(f"{shown.url}/admin/log")
    page.get_by_role("button", name="Place a hold").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("Case 12")
    page.get_by_role("button", name="Place hold").click()
    page.get_by_role("button", name="Lift the hold Case 12").click()
    page.get_by_role("button", name="Lift hold").click()
    expect(page.get_by_text("The hold is lifted.")).to_be_visible()
    assert [each["type"] for each in shown.events()][:5] == [
        "flagkeeper-hold-lifted",
        "flagkeeper-hold-placed",
        "segment-created",
        "user-updated",
        "user-created",
    ]


def test_the_first_steps_are_ticked_by_the_log(browser: Browser, run: Run, tmp_path: Path) -> None:
    host = Host()
    with fresh_sqlite(run, tmp_path) as url, TestServer(host, settings_for(url)) as server:
        context = browser.new_context()
        page = context.new_page()
        watch = Watch(context, server.url)
        log_in(page, server.url, "admin", PASSWORD)
        page.goto(server.url)
        steps = page.get_by_role("listitem")
        expect(page.get_by_role("heading", name=re.compile("to do"))).to_have_count(3)
        assert violations(page) == []
        page.get_by_role("button", name="Put a fresh token into it").click()
        expect(steps.nth(1)).to_contain_text("shown this once")
        token = re.search(r'"Authorization": "([^<"]+)"', steps.nth(1).locator("pre").inner_text())
        assert token
        steps.nth(0).get_by_role("button", name="Create a flag").click()
        page.get_by_role("dialog").get_by_label("Name").fill("first")
        page.get_by_role("dialog").get_by_role("button", name="Create flag").click()
        page.get_by_role("dialog", name="first is there").get_by_role("button", name="Close").last.click()
        expect(steps.nth(0)).to_contain_text("admin created first")
        body = {
            "appName": "shop",
            "instanceId": "1",
            "started": "2026-01-01T00:00:00Z",
            "interval": 15,
            "strategies": [],
        }
        answer = server.post("/api/client/register", json=body, headers={"Authorization": token[1]})
        assert answer.status_code == 202, answer.text
        expect(steps.nth(1).get_by_role("heading")).to_contain_text("(done)", timeout=20_000)
        page.get_by_role("switch", name="first in development").click()
        expect(steps.nth(2).get_by_role("link")).to_have_attribute("href", re.compile(r"/history/\d+"))
        expect(page.get_by_role("heading", name=re.compile("to do"))).to_have_count(0)
        context.close()
    host.stop()
    assert watch.found == []
