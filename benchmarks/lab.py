"""`python -m benchmarks.lab`: the lab in Chromium, measured with the browser's own tracing.

First paint from a fresh start, what the main thread and the worker do a frame while the network learns, a step through
64 units, a large table of one's own, the weight of the page. Times of threads are CPU times: what else the machine does
is not in them; frames are what a visitor on this machine sees. `--docs` writes the section of docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import gzip
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import machine
from .trace import Trace, recording

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- numbers of the lab -->", "<!-- end of the numbers of the lab -->"
PLAYED = 6.0  # seconds of training that are recorded
FRAME = 1000 / 60
TRAINING = "#lang=en&data=circle:500:0.1:0&layers=8:tanh;8:tanh&optimizer=gradient_descent:0.03&batch=10&seed=1"
STEPS = "#lang=en&screen=steps&data=circle:200:0.1:0&layers=64:tanh;64:tanh&optimizer=adam:0.003&batch=10&seed=1"
ROWS, COLUMNS = 50_000, 50
# Chromium may tell of the paint later than the page knows of it.
FIRST_PAINT = """new Promise((found) => new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name === "first-contentful-paint") found(entry.startTime);
}).observe({ type: "paint", buffered: true }))"""


@dataclass(frozen=True)
class Row:
    """What was measured, what it is to be, and whether it is."""

    name: str
    value: str
    goal: str = ""
    met: bool | None = None

    def cells(self) -> tuple[str, ...]:
        said = {True: "met", False: "**not met**", None: ""}[self.met]
        return self.name, self.value, self.goal, said


@contextmanager
def served() -> Iterator[str]:
    """The address of a lab of its own process."""
    command = [sys.executable, "-m", "chainrule", "lab", "--no-browser", "--port", "0", "--plain", "--lang", "en"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+/[\w-]+/", line):
                yield found[0]
                return
        raise SystemExit("the lab did not start")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def open_page(browser: Any, address: str) -> Any:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(address)
    page.locator("main .panel").first.wait_for()
    return page


# --- what is measured ------------------------------------------------------------------------------------------------


def first_paint(browser: Any, rounds: int) -> list[Row]:
    """From the request of a browser that has nothing of the page yet; the server is fresh too."""
    painted, drawn = [], []
    for _ in range(rounds):
        with served() as address:
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            begun = time.perf_counter()
            page.goto(address)
            page.locator("main .panel canvas").first.wait_for()
            drawn.append(1000 * (time.perf_counter() - begun))
            painted.append(page.evaluate(FIRST_PAINT))
            context.close()
    first, whole = statistics.median(painted), statistics.median(drawn)
    return [
        Row("first paint after the start of the server", f"{first:.0f} ms", "< 1,000 ms", first < 1000),
        Row("the whole first screen, with a network that is derived", f"{whole:.0f} ms"),
    ]


def training(browser: Any, address: str) -> list[Row]:
    """2-8-8-1 on 500 points with every panel of screen 1: frames, and what a frame costs."""
    page = open_page(browser, address + TRAINING)
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1500)  # what runs often is compiled by now
    with recording(browser, page) as trace:
        page.wait_for_timeout(1000 * PLAYED)
    epochs = page.get_by_test_id("epoch").inner_text()
    page.close()
    return [*frame_rows(trace.found, "2-8-8-1, 500 points, all panels"), Row("epochs in that time", epochs)]


def frame_rows(trace: Trace, what: str) -> list[Row]:
    intervals = trace.frames()
    late = sum(interval > 20 for interval in intervals) / max(1, len(intervals))
    main, worker = trace.busy("CrRendererMain"), trace.busy("DedicatedWorker")
    count = max(1, len(intervals))
    a_frame = main / count
    return [
        Row(f"{what}: frames a second", f"{1000 / statistics.mean(intervals):.1f}", "60"),
        Row(f"{what}: frames over 20 ms", f"{late:.1%}", "<= 5 %", late <= 0.05),
        Row(f"{what}: main thread, CPU a frame", f"{a_frame:.1f} ms", f"< {FRAME:.1f} ms", a_frame < FRAME),
        Row(f"{what}: worker, CPU a frame", f"{worker / count:.1f} ms", f"< {FRAME:.1f} ms", worker / count < FRAME),
    ]


def stepping(browser: Any, address: str, keys: int = 32) -> list[Row]:
    """Screen 2 with two layers of 64 units, a key after the other through a whole step and into the next one.

    From the key to the frame that shows the numbers; what is drawn ahead after that frame is a row of its own.
    """
    page = open_page(browser, address + STEPS)
    page.get_by_role("table", name="W2", exact=True).locator("td").first.wait_for()
    page.wait_for_timeout(1000)  # a visitor sees the screen before the first key
    found = []
    for _ in range(keys):
        with recording(browser, page) as trace:
            page.keyboard.press("n")
            page.wait_for_timeout(300)  # to ask whether the numbers are there would be measured, too
        found.append(trace.found.answered("CrRendererMain"))
    page.close()
    turned, stepped = [a.cpu for a in found if not a.asked], [a.cpu for a in found if a.asked]
    middle, most, step = statistics.median(turned), max(turned), max(stepped, default=float("inf"))
    what = "a key on screen 2, 64 wide, from key to picture"
    return [
        Row(f"{what}: a statement, median of {len(turned)}", f"{middle:.1f} ms", "< 16 ms", middle < 16),
        Row(f"{what}: the slowest statement", f"{most:.1f} ms", "< 16 ms", most < 16),
        Row(f"{what}: into the next training step", f"{step:.1f} ms", "< 16 ms", step < 16),
        Row(f"{what}: time that passes, median", f"{statistics.median(a.wait for a in found):.1f} ms"),
        Row(
            "then, unseen: the statement beside it is drawn ahead",
            f"{statistics.median(a.after for a in found):.1f} ms",
        ),
    ]


def large_table() -> str:
    """50,000 rows of 50 columns, and a class that some of them tell."""
    import numpy as np

    random = np.random.RandomState(0)
    X = random.standard_normal((ROWS, COLUMNS - 1)).round(4)
    y = X[:, 0] ** 2 + X[:, 1] ** 2 + 0.3 * X[:, 2] > 2
    head = ",".join([*(f"column{i + 1}" for i in range(COLUMNS - 1)), "class"])
    lines = (",".join(map(str, row)) + (",inside" if known else ",outside") for row, known in zip(X, y, strict=True))
    return "\n".join([head, *lines, ""])


def own_data(browser: Any, address: str) -> list[Row]:
    """A table of the largest size that is taken: until its boundary is drawn, and the frames while it learns."""
    page = open_page(browser, address + "#lang=en")
    table = large_table()
    name = f"{ROWS:,} x {COLUMNS}"
    path = ROOT / "tests" / ".large.csv"
    path.write_text(table)
    try:
        begun = time.perf_counter()
        page.locator("input[accept*=csv]").set_input_files(path)
        page.get_by_label(re.compile("^What the column .* is for")).first.wait_for()
        page.get_by_text(f"W1 ({COLUMNS - 1} × ").first.wait_for()  # the new network is there, and with it its boundary
        page.get_by_role("application").wait_for()
        taken = time.perf_counter() - begun
    finally:
        path.unlink()
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(3000)
    with recording(browser, page) as trace:
        page.wait_for_timeout(1000 * PLAYED)
    page.close()
    what = f"{name} ({len(table) / 1e6:.0f} MB) dropped: until the boundary is drawn"
    first = Row(what, f"{taken:.1f} s", "< 5 s", taken < 5)
    return [first, *frame_rows(trace.found, f"{name}, playing")]


def weight() -> list[Row]:
    """Bytes as the server sends them: all scripts and styles, and those of the first screen."""
    page = ROOT / "src" / "chainrule" / "lab" / "page"
    served = [path for path in page.rglob("*") if path.is_file() and "carried" not in path.parts and path.suffix]
    whole = sum(len(gzip.compress(path.read_bytes(), 9)) for path in served) / 1000
    return [Row("the whole page, compressed", f"{whole:.0f} kB", "< 300 kB", whole < 300)]


# --- what is said ----------------------------------------------------------------------------------------------------


def written(rows: Sequence[Row]) -> str:
    lines = [f"{machine.describe()}; Chromium without a GPU, {machine.busy():.1f} other programs a core.", ""]
    lines += ["| | measured | goal | |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row.cells())} |" for row in rows), ""])


def into_docs(text: str) -> None:
    """Between the two marks of docs/benchmarks.md."""
    before, _, rest = DOCS.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    DOCS.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")


def main() -> int:
    made = argparse.ArgumentParser(prog="python -m benchmarks.lab", description=__doc__)
    made.add_argument("--only", nargs="+", choices=["paint", "training", "step", "table", "weight"], metavar="PART")
    made.add_argument("--rounds", type=int, default=5)
    made.add_argument("--docs", action="store_true", help="write the section of docs/benchmarks.md")
    options = made.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    from playwright.sync_api import sync_playwright

    rows: list[Row] = []
    with sync_playwright() as playwright, served() as address:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        parts: dict[str, Callable[[], list[Row]]] = {
            "paint": lambda: first_paint(browser, options.rounds),
            "training": lambda: training(browser, address),
            "step": lambda: stepping(browser, address),
            "table": lambda: own_data(browser, address),
            "weight": weight,
        }
        for name in options.only or parts:
            found = parts[name]()
            rows += found
            for row in found:
                print(": ".join(filter(None, (row.name, row.value))), row.goal, flush=True)
        browser.close()
    if options.docs:
        into_docs(written(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
