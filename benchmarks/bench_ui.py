"""How fast the web interface is in a browser, with many events in the log.

    python benchmarks/bench_ui.py [--events 1000000] [--keep FOLDER] [--rounds 5]

The events are those of `log.py`; the browser is Debian's Chromium without a screen, on the machine of the server.
Times are those of the browser's own clock, read in the page at each frame: from the address, or from the key that was
pressed, to the first frame that has the rows. Each load has an empty cache. Medians of the rounds, and the slowest. CPU
per frame is what the page's main thread worked (`Performance.getMetrics`): other work on the machine changes it less
than it changes frames per second. Sizes are those of what is sent, which is brotli; that scripts with gzip stay below
200 KB is tested (`tests/e2e/test_pages.py`). "Throttled" is what Lighthouse calls a desktop:
10 Mbit/s, 40 ms to the server and back, the processor as it is.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from log import filled
from measured_server import Measured
from playwright.sync_api import Browser, BrowserContext, Page, Request
from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.e2e.browser import WIDE, launched, log_in

PASSWORD = "Correct-horse-1"
FILTERS = (
    "type:feature-strategy-update",
    "env:production",
    "project:project-20 env:production",
    "by:user000@example.com",
    "rollout since:30d",
)
ROW = "[data-rows][aria-busy=false] button[data-row]"
SCROLLED_ROWS = 10_000
FRAMES = 1_250
STEPS = {32: "a row", 64: "two rows", 32 * SCROLLED_ROWS // FRAMES: f"all {SCROLLED_ROWS:,} rows, eight"}
"""Pixels of a frame, and what that is."""
FRAME = 20.0
"""Milliseconds of the longest frame at 50 frames a second."""

WATCH = """
window.seen = [];
window.entered = NaN;
addEventListener('keydown', event => { if (event.key === 'Enter') window.entered = performance.now(); }, true);
(function look(now) {
  const list = document.querySelector('[data-rows]');
  const first = list?.ariaBusy === 'false' && list.querySelector('button[data-row]')?.dataset.row || '';
  const last = window.seen.at(-1);
  if (first !== (last ? last[1] : '')) window.seen.push([now, first]);
  requestAnimationFrame(look);
})(performance.now());
"""
"""Notes when the list, not counting one that waits for its answer, begins with another event."""

SCROLLED = """
([step, most]) => new Promise(done => {
  const list = document.querySelector('[data-rows]');
  const frames = [];
  const end = list.scrollHeight - list.clientHeight;
  list.scrollTop = 0;
  let before;
  function frame(now) {
    if (before !== undefined) frames.push(now - before);
    before = now;
    list.scrollTop += step;
    if (list.scrollTop < end - 1 && frames.length < most) requestAnimationFrame(frame);
    else done(frames);
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
  const sent = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
  const size = kind => sent.filter(each => kind.test(each.name)).reduce((sum, each) => sum + each.encodedBodySize, 0);
  setTimeout(() => done({rows: window.seen.find(each => each[1])[0], first, largest, blocked, shift,
    scripts: size(/[.]js$/), styles: size(/[.]css$/), bytes: size(/./),
    requests: sent.length, nodes: document.querySelectorAll('*').length}), 1500);
})
"""


class Row(NamedTuple):
    what: str
    goal: str
    measured: str


class Scrolled(NamedTuple):
    """Frames of one way through the list, in milliseconds; and the work of the main thread for each."""

    frames: list[float]
    work: float

    def __str__(self) -> str:
        ordered = sorted(self.frames)
        middle, late = statistics.median(ordered), ordered[int(len(ordered) * 0.95)]
        long = sum(each > FRAME for each in ordered) / len(ordered)
        per_second = 1000 / statistics.fmean(ordered)
        return (
            f"{per_second:.0f} /s; p50 {middle:.1f}, p95 {late:.1f} ms; "
            f"{long:.1%} longer than {FRAME:.0f} ms; {self.work:.1f} ms of work each"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="Keep the filled database here, and use it if it is there.")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    facts: list[str] = []
    before = os.getloadavg()[0]
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
    console = Console(width=170)
    console.print(table)
    console.print(f"load of the machine ({os.cpu_count()} cores): {before:.1f} before, {os.getloadavg()[0]:.1f} after")


def measure(browser: Browser, server: Measured, rounds: int) -> list[Row]:
    url = f"http://127.0.0.1:{server.port}"
    state = logged_in(browser, url)

    def fresh() -> BrowserContext:
        context = browser.new_context(viewport=WIDE, storage_state=state)
        context.set_default_timeout(60_000)
        context.add_init_script(WATCH)
        return context

    def load(*, throttled: bool) -> dict[str, float]:
        context = fresh()
        page = context.new_page()
        if throttled:
            network = {"offline": False, "latency": 40, "downloadThroughput": 1_310_720, "uploadThroughput": 1_310_720}
            context.new_cdp_session(page).send("Network.emulateNetworkConditions", network)
        page.goto(f"{url}/history", wait_until="commit")
        page.locator(ROW).first.wait_for()
        paints: dict[str, float] = page.evaluate(PAINTS)
        context.close()
        return paints

    plain = [load(throttled=False) for _ in track(range(rounds), "loads")]
    slow = [load(throttled=True) for _ in track(range(rounds), "throttled")]
    filters: dict[str, list[float]] = {words: [] for words in FILTERS}
    for _ in track(range(rounds), "filters"):
        context = fresh()
        page = opened(context, url)
        for words in FILTERS:
            filters[words].append(filtered(page, words))
        context.close()
    context = fresh()
    tails = tailed(opened(context, url), server, rounds)
    page = opened(context, url)
    deepened(page)
    steps = {name: scrolled(page, step) for step, name in track(list(STEPS.items()), "scrolling")}
    context.close()

    def told(name: str, form: Callable[[float], str] = "{:,.0f} ms".format) -> str:
        return f"{form(middle(plain, name))}; throttled {form(middle(slow, name))}"

    def middle(loads: list[dict[str, float]], name: str) -> float:
        return statistics.median(each[name] for each in loads)

    def size(name: str) -> str:
        return f"{middle(plain, name) / 1024:.0f} KB"

    return [
        Row("address to the first rows, nothing in the cache", "1,000 ms", told("rows")),
        Row("first contentful paint", "", told("first")),
        Row("largest contentful paint", "", told("largest")),
        Row("main thread blocked (beyond 50 ms a task)", "", told("blocked")),
        Row("layout shift", "0.1", told("shift", "{:.3f}".format)),
        Row("scripts, as they are sent", "", size("scripts")),
        Row("styles, as they are sent", "", size("styles")),
        Row("all that is sent", "", f"{size('bytes')} in {middle(plain, 'requests'):.0f} answers"),
        Row("elements on the page", "2,000", f"{middle(plain, 'nodes'):,.0f}"),
        *(Row(f"filter to its rows: {words}", "300 ms", spread(taken)) for words, taken in filters.items()),
        Row("change to its row, live", "2,000 ms", spread(tails)),
        *(Row(f"scrolling through {name} a frame", "50 /s", str(found)) for name, found in steps.items()),
    ]


def spread(taken: list[float]) -> str:
    return f"{statistics.median(taken):.0f} ms (slowest {max(taken):.0f})"


def logged_in(browser: Browser, url: str) -> Any:
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    page.set_default_timeout(60_000)
    log_in(page, url, "admin", PASSWORD)
    state = context.storage_state()
    context.close()
    return state


def opened(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(f"{url}/history")
    page.locator(ROW).first.wait_for()
    rested(page)
    return page


def rested(page: Page) -> None:
    """Waits until the page has asked for nothing for half a second. (Playwright's `networkidle` never comes: the page
    follows the log for as long as it is open.)"""
    open_: set[str] = set()
    heard = time.perf_counter()

    def asked(request: Request) -> None:
        nonlocal heard
        heard = time.perf_counter()
        if "/stream" not in request.url:
            open_.add(request.url)

    def answered(request: Request) -> None:
        nonlocal heard
        heard = time.perf_counter()
        open_.discard(request.url)

    page.on("request", asked)
    page.on("requestfinished", answered)
    page.on("requestfailed", answered)
    while open_ or time.perf_counter() - heard < 0.5:
        page.wait_for_timeout(50)
    page.remove_listener("request", asked)
    page.remove_listener("requestfinished", answered)
    page.remove_listener("requestfailed", answered)


def filtered(page: Page, words: str) -> float:
    """From Enter to the frame in which the list begins with the first event of the answer."""
    query = page.get_by_label("Query")
    query.fill(words)
    rested(page)
    before = page.locator(ROW).first.get_attribute("data-row")
    with page.expect_response(lambda answer: "/log/events?" in answer.url) as answer:
        query.press("Enter")
    first = str(answer.value.json()["events"][0]["id"])
    assert first != before, f"{words} begins with the event that the list began with: nothing can be seen to change"
    page.locator(f"{ROW}[data-row='{first}']").first.wait_for()
    rested(page)
    taken: float = page.evaluate(
        "first => window.seen.find(each => each[1] === first && each[0] >= window.entered)[0] - window.entered", first
    )
    return taken


def tailed(page: Page, server: Measured, rounds: int) -> list[float]:
    """From the answer to a change to its row in the list."""
    with page.expect_request(lambda request: "/log/stream" in request.url):
        page.get_by_role("button", name="Live").click()
    page.wait_for_timeout(1_000)
    found: list[float] = []
    for number in range(rounds):
        name = f"seen-{time.time_ns()}-{number}"
        status = server.call("POST", "/api/admin/projects/default/features", {"name": name})[0]
        assert status == 201, status
        began = time.perf_counter()
        page.locator(f"{ROW}[aria-label*='{name}']").first.wait_for()
        found.append((time.perf_counter() - began) * 1000)
    return found


def deepened(page: Page) -> None:
    """Loads pages until there are so many rows to scroll through."""
    list_ = page.locator("[data-rows]")
    while int(list_.evaluate("list => list.scrollHeight")) < SCROLLED_ROWS * 32:
        list_.evaluate("list => { list.scrollTop = list.scrollHeight }")
        page.wait_for_timeout(30)
    rested(page)


def scrolled(page: Page, step: int) -> Scrolled:
    """Down from the first row, so many pixels a frame, for `FRAMES` frames or to the last row."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def work() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

    before = work()
    frames: list[float] = page.evaluate(SCROLLED, [step, FRAMES])
    spent = work() - before
    session.detach()
    return Scrolled(frames, spent * 1000 / len(frames))


if __name__ == "__main__":
    main()
