"""The lab as its visitors have it: a server of its own process, and a Chromium, the one without windows if possible."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tools import find_tool

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "src" / "chainrule" / "lab" / "page"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
AWAY = (PAGE / "favicon.svg").as_uri()
SIZE = {"width": 1280, "height": 900}
ONE_PROCESS = ["--renderer-process-limit=1", "--disable-site-isolation-trials"]  # for all pages of a context
CLOSE = 1e-10
# What is drawn ahead is hidden from everybody: to look into it makes the browser lay it out, and complain each time.
VIOLATIONS = """async (only) => {
    const { violations } = await axe.run({ exclude: [".beneath"] }, { resultTypes: ["violations"], ...only });
    const few = (nodes) => nodes.map((node) => node.html.slice(0, 160)).slice(0, 4).join(" | ");
    return violations.map(({ id, nodes }) => `${id}: ${few(nodes)}`);
}"""
SCREENS = re.findall(r'name: "([a-z]+)", load', (ROOT / "web/src/screens/index.ts").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def page_built() -> None:
    if not (PAGE / "index.html").exists():
        pytest.fail("the page of the lab has not been built: python hatch_build.py (make test does it)", pytrace=False)


class Served:
    """A running lab: its process, address and parts."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "chainrule", "lab", "--no-browser", "--port", "0", "--plain", *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if found := re.search(r"http://(127\.0\.0\.1):(\d+)/([\w-]+)/", line):
                self.address = found[0]
                self.host, self.port, self.token = f"{found[1]}:{found[2]}", int(found[2]), found[3]
                return
        pytest.fail(f"the lab did not start:\n{self.said}{self.process.communicate()[1]}")

    def stop(self) -> tuple[int, str, str]:
        """Ctrl-C; exit code, what else was said, what was complained of."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=300)
        return self.process.returncode, out, err


@pytest.fixture(scope="session")
def served(page_built: None) -> Iterator[Served]:
    lab = Served("--lang", "en")
    yield lab
    code, _, complaints = lab.stop()
    assert (code, complaints) == (0, "")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell") or find_tool("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--force-prefers-reduced-motion", *ONE_PROCESS],
        )
        yield chromium
        chromium.close()


def numbers(cells: Any, key: str = "value") -> Any:
    """What `data-value` says in some cells."""
    return np.array(cells.evaluate_all("(cells, key) => cells.map((cell) => Number(cell.dataset[key]))", key))


def soon(page: Any, read: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """What is read on the page, as wanted as soon as it is; a page that is on its way there is waited for."""
    for _ in range(2400):
        if wanted(found := read()):
            break
        page.wait_for_timeout(25)
    return found


def become(cells: Any, expected: Any, key: str = "value", atol: float = CLOSE) -> None:
    """Cells hold these numbers, or soon do."""
    expected = np.ravel(expected)
    close = lambda shown: shown.shape == expected.shape and np.allclose(shown, expected, rtol=0, atol=atol)  # noqa: E731
    np.testing.assert_allclose(soon(cells.page, lambda: numbers(cells, key), close), expected, rtol=0, atol=atol)


class Visit:
    """A page of the lab, and everything the browser complained of."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address, self.opened = page, address, 0
        self.complaints: list[str] = []
        page.set_default_timeout(60_000)  # a machine may be busy with much else
        page.on("console", self.said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", self.failed)

    def failed(self, request: Any) -> None:
        """A request without an answer; one that the page itself gave up, by going elsewhere, is none."""
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed: {request.url}: {request.failure}")

    def said(self, message: Any) -> None:
        """An error or warning; that the server refused what a test made wrong (400) is shown on the page."""
        if message.type in ("error", "warning") and "status of 400" not in message.text:
            self.complaints.append(message.text)

    def open(self, fragment: str = "", runs: bool = True) -> Any:
        """The page anew, whatever was there; until its screen is drawn and, where it `runs`, the epoch of its link."""
        self.opened += 1
        again = f"?{self.opened}" if self.opened > 1 else ""  # a change of the fragment alone opens nothing
        self.page.goto(self.address + again + fragment)
        self.page.locator("main .panel").first.wait_for()
        if runs and (epoch := re.search(r"[#&]epoch=(\d{1,3})\b", fragment)):
            self.reached(int(epoch[1]))
        return self.page

    def turn(self, screen: str) -> None:
        """To another screen, by its button; until it is drawn."""
        self.page.locator("nav button").nth(SCREENS.index(screen)).click()
        self.page.locator(f'main[data-screen="{screen}"] .panel').first.wait_for()

    def soon(self, read: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
        return soon(self.page, read, wanted)

    def is_clean(self, *rules: str) -> None:
        """Axe finds nothing: by these rules, or by all."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        for _ in range(5):  # the first will do, unless something was just being drawn
            if not (found := self.page.evaluate(VIOLATIONS, {"runOnly": rules} if rules else {})):
                return
        pytest.fail(f"{self.page.url}: axe finds {found}")

    def fits(self, width: int) -> None:
        """Nothing is cut off."""
        read = lambda: self.page.evaluate("document.documentElement.scrollWidth")  # noqa: E731
        assert self.soon(read, lambda wide: wide <= width) <= width, self.page.url

    def run(self, epochs: int) -> None:
        self.page.get_by_label("How many epochs to run").fill(str(epochs))
        self.page.get_by_role("button", name="Run epochs").click()
        self.reached(epochs)

    def reached(self, epoch: int) -> None:
        self.page.wait_for_selector(f'[data-testid="epoch"]:text-is("{epoch:,}")')

    def cells(self, name: str) -> Any:
        return self.page.get_by_role("table", name=name, exact=True).locator("[data-value]")

    def array(self, name: str) -> list[float]:
        """What stands there now: only where nothing is on its way."""
        self.cells(name).first.wait_for(state="attached")
        return list(map(float, numbers(self.cells(name))))

    def shows(self, arrays: Mapping[str, Any], atol: float = CLOSE) -> None:
        """These arrays, by name."""
        for name, values in arrays.items():
            become(self.cells(name), values, atol=atol)

    def loses(self, loss: float, at: str = "loss", atol: float = CLOSE) -> None:
        """The loss at the top, or what else stands in a title, is this number, or soon is."""
        place = self.page.get_by_test_id(at)
        near = lambda text: bool(text) and abs(float(text) - loss) <= atol  # noqa: E731
        shown = self.soon(lambda: place.get_attribute("title"), near)
        assert near(shown), f"the page shows {shown}, Python {loss}"


def context_with(browser: Any, stays: str, **options: Any) -> Any:
    """A context whose process stays, with this page: another page in it opens in half the time."""
    context = browser.new_context(viewport=SIZE, **options)
    context.new_page().goto(stays)
    return context


@pytest.fixture(scope="session")
def online(served: Served, browser: Any) -> Iterator[Any]:
    """The context of all visits to the lab that is served."""
    context = context_with(browser, served.address + "favicon.svg", color_scheme="light")
    yield context
    context.close()


@pytest.fixture(scope="session")
def offline(page_built: None, browser: Any) -> Iterator[Any]:
    """The context of all pages that are opened from their files."""
    context = context_with(browser, AWAY, offline=True)
    yield context
    context.close()


@contextmanager
def visiting(context: Any, address: str) -> Iterator[Visit]:
    """A page of its own, that leaves nothing behind; a page from a file asks for nothing but its file."""
    made, asked = Visit(context.new_page(), address), list[str]()
    if address.startswith("file:"):
        made.page.on("request", lambda request: asked.append(request.url))
    yield made
    assert not made.complaints, "\n".join(made.complaints)
    assert not [url for url in asked if not url.startswith(("file:", "blob:"))]
    made.page.evaluate("localStorage.clear()")
    made.page.close()


@pytest.fixture
def visit(served: Served, online: Any) -> Iterator[Visit]:
    with visiting(online, served.address) as made:
        yield made
