"""What administrators do to let people in, and to say what they may: groups, roles, service accounts, links."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import Watch, log_in, settle, violations
from tests.server import TestServer

pytestmark = pytest.mark.slow

PASSWORD = "Correct-horse-3"
HOSTILE = "<img src=x onerror=window.hurt=1>"


def types(server: TestServer, count: int) -> list[str]:
    """The types of the last events, the oldest first."""
    return [each["type"] for each in server.events()[:count]][::-1]


def test_a_role_and_a_group_are_made(page: Page, shown: TestServer) -> None:
    nora = {"username": "nora", "password": PASSWORD, "rootRole": 3, "sendEmail": False}
    assert shown.post("/api/admin/user-admin", json=nora).status_code == 201
    before = shown.last_id()
    page.goto(f"{shown.url}/admin/roles")
    settle(page)
    page.get_by_role("button", name="Create role").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Switcher")
    production = dialog.get_by_role("group", name=re.compile("^In production"))
    production.get_by_label("Update feature environment", exact=True).check()
    assert violations(page) == []
    dialog.get_by_role("button", name="Create role").click()
    row = page.get_by_role("row", name=re.compile("Switcher"))
    expect(row).to_contain_text("projects")

    page.goto(f"{shown.url}/admin/groups")
    settle(page)
    page.get_by_role("button", name="Create group").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("night shift")
    dialog.get_by_label("People", exact=True).first.click()
    page.get_by_role("option", name="nora").click()
    page.keyboard.press("Tab")
    dialog.get_by_role("button", name="Create group").click()
    expect(page.get_by_role("row", name=re.compile("night shift"))).to_contain_text("nora")

    recorded = [each["type"] for each in shown.events() if int(each["id"]) > before][::-1]
    assert recorded == ["role-created", "group-created"]


def test_what_somebody_else_did_to_a_group_is_not_written_over(page: Page, shown: TestServer) -> None:
    made = shown.post("/api/admin/groups", json={"name": "kept by two", "description": "ours", "users": []}).json()
    page.goto(f"{shown.url}/admin/groups")
    settle(page)
    page.get_by_role("button", name="Change kept by two").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("kept by both")
    changed = {"name": "kept by two", "description": "theirs", "users": [{"user": {"id": 1}}]}
    assert shown.put(f"/api/admin/groups/{made['id']}", json=changed).status_code == 200
    note = dialog.get_by_role("alert").filter(has_text="Somebody changed this group meanwhile")
    expect(note).to_contain_text("theirs")
    expect(dialog.get_by_label("Name")).to_have_value("kept by both")
    note.get_by_role("button", name="Take theirs").click()
    expect(dialog.get_by_label("Description")).to_have_value("theirs")
    expect(note).to_have_count(0)


def test_a_service_account_gets_a_token_that_works_until_it_is_taken(page: Page, shown: TestServer) -> None:
    page.goto(f"{shown.url}/admin/service-accounts")
    settle(page)
    page.get_by_role("button", name="Create service account").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Nightly cleaner")
    dialog.get_by_label("Username").fill("cleaner")
    dialog.get_by_role("button", name="Create service account").click()
    page.get_by_role("button", name="Tokens of Nightly cleaner").click()
    tokens = page.get_by_role("dialog", name="Tokens of Nightly cleaner", exact=True)
    tokens.get_by_role("button", name="Create token").click()
    dialog = page.get_by_role("dialog", name="Create a token of Nightly cleaner")
    dialog.get_by_label("What it is for").fill("cron")
    dialog.get_by_role("button", name="Create token").click()
    dialog = page.get_by_role("dialog", name="A token of Nightly cleaner", exact=True)
    header = {"Authorization": dialog.locator("pre").inner_text()}
    dialog.get_by_role("button", name="I have stored it").click()
    assert shown.get("/api/admin/projects", headers=header).status_code == 200
    assert header["Authorization"] not in page.content()
    tokens.get_by_role("button", name="Delete cron").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete token").click()
    expect(page.get_by_text("Deleted the token for cron.")).to_be_visible()
    assert shown.get("/api/admin/projects", headers=header).status_code == 401
    tokens.get_by_role("button", name="Close").last.click()
    page.get_by_role("button", name="Delete Nightly cleaner").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("Nightly cleaner")
    page.get_by_role("dialog").get_by_role("button", name="Delete service account").click()
    expect(page.get_by_role("row", name=re.compile("Nightly cleaner"))).to_have_count(0)
    assert types(shown, 4) == [
        "service-account-created",
        "service-account-token-created",
        "service-account-token-deleted",
        "service-account-deleted",
    ]


def test_somebody_gets_roles_in_a_project_and_loses_them(page: Page, shown: TestServer) -> None:
    petra = {"username": "petra", "password": PASSWORD, "rootRole": 3, "sendEmail": False}
    assert shown.post("/api/admin/user-admin", json=petra).status_code == 201
    owner = shown.put("/api/admin/projects/default/users/1/roles", json={"roles": [4]})
    assert owner.status_code == 200, "somebody must stay its owner"
    page.goto(f"{shown.url}/projects/default/settings/access")
    settle(page)
    page.get_by_role("button", name="Give access").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("People and groups").first.fill("petra")
    page.get_by_role("option", name="petra").click()
    dialog.get_by_label("Roles", exact=True).first.fill("Member")
    page.get_by_role("option", name="Member").click()
    page.keyboard.press("Tab")
    assert violations(page) == []
    dialog.get_by_role("button", name="Give access").click()
    row = page.get_by_role("row", name=re.compile("petra"))
    expect(row).to_contain_text("Member")

    page.get_by_role("button", name="Change petra").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Roles", exact=True).first.fill("Owner")
    page.get_by_role("option", name="Owner").click()
    page.keyboard.press("Tab")
    dialog.get_by_role("button", name="Save roles").click()
    expect(row).to_contain_text("Owner")

    page.get_by_role("button", name="Remove petra").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("petra")
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(row).to_have_count(0)
    assert types(shown, 3) == [
        "project-access-added",
        "project-access-user-roles-updated",
        "project-access-user-roles-deleted",
    ]


def test_somebody_new_comes_in_by_a_link(page: Page, browser: Browser, shown: TestServer) -> None:
    page.goto(f"{shown.url}/admin/users")
    settle(page)
    page.get_by_role("button", name="Create user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Olaf")
    dialog.get_by_label("Username").fill("olaf")
    dialog.get_by_role("button", name="Create user").click()
    dialog = page.get_by_role("dialog", name="The link for Olaf")
    link = dialog.locator("pre").inner_text()
    dialog.get_by_role("button", name="I have stored it").click()
    path = "/new-user" + link.partition("/new-user")[2]
    context = browser.new_context()
    theirs = context.new_page()
    watch = Watch(context, shown.url)
    theirs.goto(shown.url + path)
    expect(theirs.get_by_text("It is for Olaf: Viewer here.")).to_be_visible()
    assert violations(theirs) == []
    theirs.get_by_label("Password", exact=True).fill("short")
    theirs.get_by_role("button", name="Choose this password").click()
    expect(theirs.get_by_role("alert")).to_contain_text("at least 10 characters")
    theirs.get_by_label("Password", exact=True).fill(PASSWORD)
    theirs.get_by_role("button", name="Choose this password").click()
    theirs.wait_for_url("**/login")
    log_in(theirs, shown.url, "olaf", PASSWORD)
    theirs.goto(shown.url + path)
    expect(theirs.get_by_role("heading", name="This link does not hold")).to_be_visible()
    theirs.goto(f"{shown.url}/forgotten-password")
    theirs.get_by_label("E-mail").fill("olaf@example.com")
    theirs.get_by_role("button", name="Send me a link").click()
    expect(theirs.get_by_role("alert")).to_contain_text("mail")
    context.close()
    assert watch.found == []
    page.goto(f"{shown.url}/admin/logins")
    settle(page)
    page.get_by_label("Filter logins").fill("olaf")
    expect(page.get_by_role("row", name=re.compile("olaf"))).to_contain_text("logged in")


def test_single_sign_on_is_set_and_its_secret_never_comes_back(page: Page, shown: TestServer) -> None:
    page.goto(f"{shown.url}/admin/auth")
    settle(page)
    page.get_by_label("Discovery address").fill("http://127.0.0.1:9/.well-known/openid-configuration")
    page.get_by_label("Client id").fill("flagkeeper")
    page.get_by_label("Client secret").fill("a-secret-of-the-provider")
    expect(page.get_by_label("What this changes")).to_contain_text("flagkeeper")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("One is stored. Empty keeps it.")).to_be_visible()
    page.reload()
    settle(page)
    expect(page.get_by_label("Client id")).to_have_value("flagkeeper")
    assert "a-secret-of-the-provider" not in page.content()
    assert "a-secret-of-the-provider" not in str(shown.events())


def test_everybody_is_told_by_a_banner_and_of_their_flags(page: Page, browser: Browser, shown: TestServer) -> None:
    paul = {"username": "paul", "password": PASSWORD, "rootRole": 2, "sendEmail": False}
    assert shown.post("/api/admin/user-admin", json=paul).status_code == 201
    context = browser.new_context()
    theirs = context.new_page()
    watch = Watch(context, shown.url)
    log_in(theirs, shown.url, "paul", PASSWORD)
    flags = f"{shown.url}/api/admin/projects/default/features"
    made = context.request.post(flags, data={"name": "made-by-paul"}, headers={"Origin": shown.url})
    assert made.ok, made.text()
    page.goto(f"{shown.url}/admin/banners")
    settle(page)
    page.get_by_role("button", name="Create banner").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Message").fill(HOSTILE)
    dialog.get_by_role("button", name="Create banner").click()
    expect(page.get_by_role("region", name="Notice")).to_contain_text(HOSTILE)
    shown.post("/api/admin/projects/default/features/made-by-paul/environments/development/on")
    theirs.goto(f"{shown.url}/projects")
    expect(theirs.get_by_role("region", name="Notice")).to_contain_text(HOSTILE)
    theirs.get_by_role("button", name=re.compile(r"^Notifications, \d+ unread")).click()
    news = theirs.get_by_role("dialog", name="Notifications")
    expect(news.get_by_role("listitem").first).to_contain_text("made-by-paul")
    assert violations(theirs) == []
    news.get_by_role("button", name="Mark all as read").click()
    expect(news.get_by_text("Unread:")).to_have_count(0)
    news.get_by_role("link").first.click()
    theirs.wait_for_url(re.compile(r"/history/\d+$"))
    expect(theirs.get_by_role("button", name="Notifications", exact=True)).to_be_visible()
    assert theirs.evaluate("window.hurt") is None
    context.close()
    assert watch.found == []
    page.get_by_role("switch", name=f'Show "{HOSTILE}"').click()
    expect(page.get_by_role("region", name="Notice")).to_have_count(0)
    page.get_by_role("button", name=f'Delete "{HOSTILE}"').click()
    page.get_by_role("dialog").get_by_role("button", name="Delete banner").click()
    expect(page.get_by_role("row", name=re.compile("onerror"))).to_have_count(0)
