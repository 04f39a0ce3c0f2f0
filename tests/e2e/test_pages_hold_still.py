"""A page that has loaded holds still: its elements stay the same ones, where they are, while nothing happens on it.

What is replaced loses the focus, what moves slips away below the pointer, and both take tooltips with them.
"""

import pytest
from playwright.sync_api import Page

from tests.e2e.browser import settle
from tests.e2e.pages import PAGES
from tests.e2e.test_pages import newest
from tests.server import TestServer

pytestmark = pytest.mark.slow

OBSERVER = """(() => {
  const asked = new Set();
  const still = window.still = {
    watching: false, from: 0, found: [], answered: 0, since: 0,
    // From the next frame on: what the last answer moved is drawn by then.
    watch: async () => {
      for (let frames = 0; frames < 2; frames++) await new Promise(requestAnimationFrame);
      still.from = performance.now();
      still.watching = true;
    },
    // Until more than `before` questions are answered, and none was open for a while: an answer may lead to the next.
    quiet: async (before = 0) => {
      while (still.answered <= before || asked.size > 0 || performance.now() - still.since < 300)
        await new Promise(requestAnimationFrame);
    },
  };
  // Answers come late and out of order, as over a slow line, and each time in the same way.
  let last = 7;
  const wait = () => 100 + (last = (last * 16807) % 2147483647) % 600;
  const real = window.fetch;
  window.fetch = async (...request) => {
    const token = {};
    asked.add(token);
    try {
      await new Promise((done) => setTimeout(done, wait()));
      return await real(...request);
    } finally {
      asked.delete(token);
      still.answered += 1;
      still.since = performance.now();
    }
  };
  const named = (node) => node.cloneNode().outerHTML.slice(0, 120) + (node.textContent ?? '').slice(0, 60);
  const inside = (node) => document.querySelector('main')?.contains(node);
  new MutationObserver((changes) => {
    if (!still.watching) return;
    for (const { target, removedNodes } of changes)
      for (const node of removedNodes)
        if (node instanceof Element && inside(target)) still.found.push(`removed: ${named(node)}`);
  }).observe(document, { childList: true, subtree: true });
  new PerformanceObserver((list) => {
    if (!still.watching) return;
    for (const { sources, startTime } of list.getEntries())
      if (startTime >= still.from) for (const { node, previousRect: was, currentRect: is } of sources)
        if (node instanceof Element && inside(node) && was.width && is.width)
          still.found.push(`moved from ${was.x}, ${was.y} to ${is.x}, ${is.y}: ${named(node)}`);
  }).observe({ type: 'layout-shift' });
})()"""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_has_loaded_holds_still(page: Page, shown: TestServer, name: str) -> None:
    page.add_init_script(OBSERVER)
    page.goto(shown.url + PAGES[name].replace("newest", str(newest(shown))))
    settle(page)
    page.evaluate("still.watch()")
    page.evaluate("still.quiet()")
    assert page.evaluate("still.found") == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_not_drawn_anew_when_something_else_changes(page: Page, shown: TestServer, name: str) -> None:
    """Everything is asked for again, and nothing is different."""
    page.add_init_script(OBSERVER)
    page.goto(shown.url + PAGES[name].replace("newest", str(newest(shown))))
    settle(page)
    page.evaluate("still.quiet()")
    page.evaluate("still.watch()")
    before = page.evaluate("still.answered")
    described = f"Seen beside {name}"
    changed = shown.put("/api/admin/tag-types/simple", json={"name": "simple", "description": described})
    assert changed.status_code == 200, changed.text
    page.evaluate("before => still.quiet(before)", before)
    removed = [each for each in page.evaluate("still.found") if each.startswith("removed")]
    assert removed == []
