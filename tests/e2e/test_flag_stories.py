"""What people say of a flag besides its rules: what it depends on, that it is theirs, where more is said of it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import settle
from tests.server import TestServer

pytestmark = pytest.mark.slow

FLAGS = "/api/admin/projects/default/features"
HOSTILE = "<img src=x onerror=window.hurt=1>"


def test_a_flag_is_related_kept_in_mind_and_completed(page: Page, shown: TestServer) -> None:
    shown.post(FLAGS, json={"name": "express-pay"})
    page.goto(f"{shown.url}/projects/default/features/express-pay")
    settle(page)
    dependencies = page.get_by_role("region", name="Dependencies")
    dependencies.get_by_role("button", name="Dependency").click()
    page.get_by_role("combobox", name="Parent flag").fill("search-s")
    page.get_by_role("option", name="search-suggestions").click()
    page.get_by_role("combobox", name="Must be").click()
    page.get_by_role("option", name="off", exact=True).click()
    page.get_by_role("button", name="Add dependency").click()
    expect(dependencies).to_contain_text("Only where search-suggestions is off")
    dependencies.get_by_role("button", name="Remove the dependency on search-suggestions").click()
    page.get_by_text("no longer depends on search-suggestions").get_by_role("button", name="Undo").click()
    expect(dependencies).to_contain_text("Only where search-suggestions is off")

    star = page.get_by_role("button", name="Favourite express-pay")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")

    lifecycle = page.get_by_role("region", name="Lifecycle")
    lifecycle.get_by_role("button", name="Mark completed").click()
    page.get_by_role("dialog").get_by_role("button", name="Mark completed").click()
    expect(lifecycle).to_contain_text("kept")
    lifecycle.get_by_role("button", name="Undo completion").click()
    expect(lifecycle.get_by_role("button", name="Mark completed")).to_be_visible()
    assert [each["type"] for each in shown.events(feature="IS:express-pay")][::-1] == [
        "feature-created",
        "feature-dependency-added",
        "feature-dependency-removed",
        "feature-dependency-added",
        "feature-favorited",
        "feature-completed",
        "feature-uncompleted",
    ]


def test_a_link_is_text_and_leads_to_the_web_only(page: Page, shown: TestServer) -> None:
    shown.post(FLAGS, json={"name": "linked"})
    page.goto(f"{shown.url}/projects/default/features/linked")
    settle(page)
    links = page.get_by_role("region", name="Links")
    links.get_by_role("button", name="Link", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Address").fill("javascript:window.hurt=1")
    dialog.get_by_label("Title").fill(HOSTILE)
    dialog.get_by_role("button", name="Add link").click()
    expect(dialog.get_by_role("alert")).to_contain_text(re.compile("http"))
    dialog.get_by_label("Address").fill("https://example.com/?q=<script>window.hurt=1</script>")
    dialog.get_by_role("button", name="Add link").click()
    link = links.get_by_role("link")
    expect(link).to_contain_text(HOSTILE)
    assert link.get_attribute("rel") == "noopener noreferrer"
    assert (link.get_attribute("href") or "").startswith("https://example.com/")
    links.get_by_role("button", name=re.compile("^Edit the link")).click()
    dialog.get_by_label("Title").fill("The ticket")
    dialog.get_by_role("button", name="Save link").click()
    expect(link).to_contain_text("The ticket")
    links.get_by_role("button", name="Remove the link The ticket").click()
    expect(links).to_contain_text("No tickets or documents are linked.")
    assert page.evaluate("window.hurt") is None
    assert page.locator("#root img, #root script").count() == 0


def test_flags_are_found_sorted_and_leafed_through(page: Page, shown: TestServer) -> None:
    for number in range(52):
        assert shown.post(FLAGS, json={"name": f"many-{number:02}", "type": "experiment"}).status_code == 201
    names = page.locator("tbody th a")
    page.goto(f"{shown.url}/search?type=experiment")
    settle(page)
    expect(names).to_have_count(50)
    page.get_by_role("button", name="Next").click()
    expect(names).to_have_text(["many-50", "many-51"])
    page.get_by_role("columnheader", name="Name").get_by_role("button").click()
    page.wait_for_url("**order=desc**")
    expect(names.first).to_have_text("many-51")
    page.get_by_role("button", name="Favourite many-07").click()
    page.get_by_label("Favourites first").check()
    expect(names.first).to_have_text("many-07")
    page.get_by_label("Filter flags").fill("many-3")
    expect(names).to_have_count(10)
    assert "q=many-3" in page.url
    page.goto(f"{shown.url}/projects/default")
    settle(page)
    page.get_by_role("combobox", name="Tag").click()
    page.get_by_role("option", name="simple:payments").click()
    expect(names).to_have_text(["checkout-one-page"])
    page.get_by_role("button", name="Favourite Default").click()
    expect(page.get_by_role("button", name="Favourite Default")).to_have_attribute("aria-pressed", "true")


def test_the_playground_says_why_and_its_address_says_it_again(page: Page, shown: TestServer) -> None:
    page.goto(f"{shown.url}/playground")
    settle(page)
    page.get_by_role("combobox", name="Environments").click()
    page.get_by_role("option", name="production").click()
    page.keyboard.press("Escape")
    page.get_by_label("Value of userId").fill("somebody@example.com,nobody")
    page.get_by_role("button", name="Evaluate").click()
    row = page.get_by_role("row", name=re.compile("^checkout-one-page"))
    expect(row).to_contain_text("on in 1 of 2")
    row.get_by_role("button", name="checkout-one-page").click()
    page.wait_for_url("**open=checkout-one-page**")
    page.goto(page.url)
    settle(page)
    why = page.get_by_role("region", name="checkout-one-page in production")
    expect(why).to_have_count(2)
    for number, (state, mark) in enumerate((("on", "holds:"), ("off", "does not hold:"))):
        expect(why.nth(number).get_by_role("heading")).to_contain_text(f"production: {state}")
        staff = why.nth(number).get_by_role("listitem").filter(has_text="@example.com").first
        expect(staff.get_by_role("img", name=mark, exact=True)).to_be_visible()
