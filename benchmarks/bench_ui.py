"""How fast the web interface is in a browser, with many events in the log.

    python benchmarks/bench_ui.py [--events 1000000] [--keep FOLDER] [--rounds 5]

The events are those of `log.py`; the browser is Debian's Chromium without a screen, on the machine of the server. Each
load has an empty cache. Milliseconds are from the click or the address to what a person sees; medians of the rounds.
CPU per frame is what the page's main thread worked (`Performance.getMetrics`), which other work on the machine changes
less than frames per second.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from log import filled
from measured_server import Measured
from playwright.sync_api import Browser, BrowserContext, Page
from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.e2e.browser import WIDE, launched, log_in

PASSWORD = "Correct-horse-1"
FILTERS = ("type:feature-strategy-update", "env:production", "project:project-20 env:production", "rollout since:30d")
ROWS = "button[data-row]"
SCROLLED = """
step => new Promise(done => {
  const list = document.querySelector('[data-rows]');
  const began = performance.now();
  let frames = 0;
  function frame() {
    frames += 1;
    list.scrollTop += step;
    if (performance.now() - began < 4000) requestAnimationFrame(frame);
    else done([frames, (performance.now() - began) / 1000, list.scrollTop]);
  }
  requestAnimationFrame(frame);
})
"""
PAINTS = """
() => new Promise(done => {
  const first = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN;
  let largest = NaN, blocked = 0, shift = 0;
  new PerformanceObserver(all => all.getEntries().forEach(each => { largest = each.startTime; }))
    .observe({type: 'largest-contentful-paint', buffered: true});
  new PerformanceObserver(all => all.getEntries().forEach(each => { blocked += Math.max(0, each.duration - 50); }))
    .observe({type: 'longtask', buffered: true});
  new PerformanceObserver(all => all.getEntries().forEach(each => { if (!each.hadRecentInput) shift += each.value; }))
    .observe({type: 'layout-shift', buffered: true});
  const sent = performance.getEntriesByType('resource');
  const size = kind => sent.filter(each => kind.test(each.name)).reduce((sum, each) => sum + each.encodedBodySize, 0);
  setTimeout(() => done({first, largest, blocked, shift, scripts: size(/[.]js$/), styles: size(/[.]css$/),
    requests: sent.length, nodes: document.querySelectorAll('*').length}), 300);
})
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="Keep the filled database here, and use it if it is there.")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    facts: list[str] = []
    with filled("sqlite", given.events, given.keep, facts) as (url, folder), launched() as browser:
        server = Measured(url, folder)
        try:
            found = measure(browser, server, given.rounds)
        finally:
            server.stop()
    table = Table(title=f"The web interface over {given.events:,} events")
    table.add_column("what")
    table.add_column("goal", justify="right")
    table.add_column("measured", justify="right")
    for row in found:
        table.add_row(*row)
    Console(width=120).print(table)


def measure(browser: Browser, server: Measured, rounds: int) -> list[tuple[str, str, str]]:
    url = f"http://127.0.0.1:{server.port}"
    state = logged_in(browser, url)

    def fresh() -> BrowserContext:
        context = browser.new_context(viewport=WIDE, storage_state=state)
        context.set_default_timeout(60_000)
        return context

    loads: list[float] = []
    paints: list[dict[str, float]] = []
    for _ in track(range(rounds), "loads"):
        context = fresh()
        page = context.new_page()
        began = time.perf_counter()
        page.goto(f"{url}/history", wait_until="commit")
        page.locator(ROWS).first.wait_for()
        loads.append((time.perf_counter() - began) * 1000)
        paints.append(page.evaluate(PAINTS))
        context.close()

    context = fresh()
    page = context.new_page()
    page.goto(f"{url}/history")
    page.locator(ROWS).first.wait_for()
    filters = [filtered(page, words) for _ in track(range(rounds), "filters") for words in FILTERS]
    tails = tailed(page, server, rounds)
    page.goto(f"{url}/history")
    page.locator(ROWS).first.wait_for()
    deepened(page)
    slow, fast = scrolled(page, 32), scrolled(page, 64)
    context.close()

    def middle(name: str) -> float:
        return statistics.median(each[name] for each in paints)

    return [
        ("address to the first rows, nothing in the cache", "1,000 ms", f"{statistics.median(loads):.0f} ms"),
        ("first contentful paint", "", f"{middle('first'):.0f} ms"),
        ("largest contentful paint", "", f"{middle('largest'):.0f} ms"),
        ("main thread blocked (beyond 50 ms a task)", "", f"{middle('blocked'):.0f} ms"),
        ("layout shift", "0.1", f"{middle('shift'):.3f}"),
        ("scripts, packed", "200 KB", f"{middle('scripts') / 1024:.0f} KB"),
        ("styles, packed", "", f"{middle('styles') / 1024:.0f} KB"),
        ("requests", "", f"{middle('requests'):.0f}"),
        ("elements on the page", "2,000", f"{middle('nodes'):.0f}"),
        ("filter to its rows", "300 ms", f"{statistics.median(filters):.0f} ms (slowest {max(filters):.0f})"),
        ("change to its row, live", "2,000 ms", f"{statistics.median(tails):.0f} ms (slowest {max(tails):.0f})"),
        ("scrolling 32 px a frame", "50 /s", f"{slow[0]:.0f} /s, {slow[1]:.1f} ms of work a frame"),
        ("scrolling 64 px a frame", "", f"{fast[0]:.0f} /s, {fast[1]:.1f} ms of work a frame (goal 12)"),
    ]


def logged_in(browser: Browser, url: str) -> Any:
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    page.set_default_timeout(60_000)
    log_in(page, url, "admin", PASSWORD)
    state = context.storage_state()
    context.close()
    return state


def timed(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def filtered(page: Page, words: str) -> float:
    """From Enter to the first rows of the answer. Rows of the question before are dimmed until then."""
    query = page.get_by_label("Query")
    query.fill(words)
    page.wait_for_timeout(100)

    def act() -> None:
        with page.expect_response(lambda answer: "/log/events?" in answer.url):
            query.press("Enter")
        page.wait_for_function("document.querySelector('[data-rows]')?.style.opacity === '1'")

    return timed(act)


def tailed(page: Page, server: Measured, rounds: int) -> list[float]:
    """From the answer to a change to its row in the list."""
    page.get_by_label("Query").fill("")
    page.get_by_label("Query").press("Enter")
    page.get_by_role("button", name="Live").click()
    page.wait_for_timeout(1_000)
    found: list[float] = []
    for number in range(rounds):
        name = f"seen-{time.time_ns()}-{number}"
        status = server.call("POST", "/api/admin/projects/default/features", {"name": name})[0]
        assert status == 201, status
        found.append(timed(lambda name=name: page.locator(f"{ROWS}[aria-label*='{name}']").first.wait_for()))  # type: ignore[misc]
    return found


def deepened(page: Page) -> None:
    """Loads pages until there are 10,000 rows to scroll through."""
    while page.evaluate("document.querySelector('[data-rows]').scrollHeight") < 10_000 * 30:
        page.evaluate(
            "() => { const list = document.querySelector('[data-rows]'); list.scrollTop = list.scrollHeight }"
        )
        page.wait_for_timeout(30)
    page.evaluate("document.querySelector('[data-rows]').scrollTop = 0")
    page.wait_for_timeout(500)


def scrolled(page: Page, step: int) -> tuple[float, float]:
    """Frames a second, and milliseconds of work of the main thread for each."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def work() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

    before = work()
    frames, seconds, _ = page.evaluate(SCROLLED, step)
    spent = work() - before
    session.detach()
    return frames / seconds, spent * 1000 / frames


if __name__ == "__main__":
    main()
