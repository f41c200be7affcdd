"""The pictures of docs/lab.md, taken in the lab itself; and all of its screens, to look at.

    python -m tests.lab.pictures                       # docs/pictures/*.png anew
    python -m tests.lab.pictures --all FOLDER          # every screen x language x light and dark x 1280 and 390 wide
    python -m tests.lab.pictures --all FOLDER de 1280 dark

The first is also the proof of the table beside Playground: each picture is of the thing having been done.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.lab.conftest import ROOT, SCREENS, Served
from tests.tools import find_tool

PICTURES = ROOT / "docs" / "pictures"
COLOURS = 64
LANGUAGES = ("en", "es", "de", "zh-Hans", "zh-Hant")
MOONS = ("&data=moons:120:0.15:0.3:1&layers=6:tanh;4:sigmoid&output=sigmoid&loss=binary_cross_entropy"
         "&optimizer=momentum:0.1&batch=10&seed=1")  # fmt: skip
FOUNDING = ("&data=founding_xor:4:0:0:0&layers=4:sigmoid&output=sigmoid&loss=half_squared_error"
            "&optimizer=gradient_descent:1&bias=none&initial=uniform&batch=all&seed=1")  # fmt: skip


class Camera:
    """A page of the lab, and what to take of it."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        page.set_default_timeout(60_000)

    def open(self, fragment: str, epoch: int = 0) -> Any:
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}#{fragment}" + (f"&epoch={epoch}" if epoch else ""))
        self.page.locator("main .panel").first.wait_for()
        self.page.wait_for_selector(f'[data-testid="epoch"]:text-is("{epoch}")')
        return self.page

    def take(self, name: str, *parts: Any, least: int = 0) -> None:
        """A picture around some parts of the page, with few colours: a small file."""
        from PIL import Image

        self.page.evaluate("document.activeElement?.blur()")
        self.page.mouse.move(0, 0)
        self.page.evaluate("scrollTo(0, 0)")
        boxes = [part.bounding_box() for part in parts]
        left, top = min(box["x"] for box in boxes), min(box["y"] for box in boxes)
        right = max(max(box["x"] + box["width"] for box in boxes), left + least)
        bottom = max(box["y"] + box["height"] for box in boxes)
        clip = {"x": left - 6, "y": top - 6, "width": right - left + 12, "height": bottom - top + 12}
        shot = self.page.screenshot(clip=clip, full_page=True)
        image = Image.open(io.BytesIO(shot)).convert("RGB").quantize(COLOURS)
        PICTURES.mkdir(exist_ok=True)
        image.save(PICTURES / f"{name}.png", optimize=True)


def own_data(camera: Camera) -> None:
    page = camera.open("screen=network&lang=en&data=moons:120:0.1:0.3:1&layers=8:tanh&optimizer=adam:0.03&batch=10")
    page.locator("input[accept*=csv]").set_input_files(ROOT / "examples" / "iris.csv")
    page.get_by_label("What the column species is for").wait_for()
    page.get_by_label("How many epochs to run").fill("40")
    page.get_by_role("button", name="Run epochs").click()
    page.wait_for_selector('[data-testid="epoch"]:text-is("40")')
    camera.take("own-data", page.get_by_test_id("columns"), page.locator(".right .panel").first)


def maths(camera: Camera) -> None:
    page = camera.open("screen=steps&lang=en" + FOUNDING, 100)
    page.get_by_role("button", name="delta1 = ").first.click()
    page.get_by_test_id("result").locator("button").nth(2).click()
    page.locator("math").first.wait_for()
    camera.take("maths", page.get_by_role("region", name="Values of the statement"))


def weights(camera: Camera) -> None:
    page = camera.open("screen=network&lang=en" + MOONS, 40)
    page.get_by_role("table", name="b3", exact=True).locator("button").first.click()
    page.get_by_role("button", name="Check by a finite difference").click()
    page.get_by_test_id("difference").wait_for()
    camera.take("weights", page.get_by_role("figure", name="Weights and biases"))


def code(camera: Camera) -> None:
    page = camera.open("screen=network&lang=en" + FOUNDING)
    page.get_by_label("Programming language").select_option("c")
    page.locator('[data-testid="source"]:has-text("#include")').wait_for()
    camera.take("code", page.locator("section", has=page.get_by_test_id("source")).last)


def save(camera: Camera) -> None:
    page = camera.open("screen=network&lang=en" + MOONS, 40)
    page.get_by_role("button", name="Share").click()
    camera.take("save", page.locator(".menu"))


def activations(camera: Camera) -> None:
    page = camera.open("screen=network&lang=en&data=spirals:200:0.1:0.3:1&layers=8:relu;6:z * tanh(softplus(z))"
                       ";4:sigmoid&output=sigmoid&loss=huber&optimizer=adam:0.01")  # fmt: skip
    camera.take("activations", page.get_by_role("region", name="Network and training"))


def not_a_number(camera: Camera) -> None:
    page = camera.open("screen=network&lang=en&data=plane:60:0.1:0:1&layers=8:relu&output=linear"
                       "&loss=half_squared_error&optimizer=gradient_descent:10&batch=all&seed=1")  # fmt: skip
    page.get_by_role("button", name="Play").click()
    page.get_by_test_id("diverged").wait_for()
    camera.take("nan", page.get_by_test_id("diverged"))


def stop(camera: Camera) -> None:
    page = camera.open("screen=network&lang=en" + MOONS)
    page.get_by_label("Stop at epoch").fill("60")
    page.get_by_label("Stop at epoch").press("Enter")
    page.get_by_role("button", name="Play").click()
    page.wait_for_selector('[data-testid="epoch"]:text-is("60")')
    page.get_by_role("button", name="Play").wait_for()
    camera.take("stop", page.locator(".transport"))


TABLE: tuple[Callable[[Camera], None], ...] = (own_data, maths, weights, code, save, activations, not_a_number, stop)


def every_screen(camera: Camera, folder: Path, language: str, end: str) -> None:
    """Every screen after forty epochs, with something opened on it, and a chapter of the guided path."""
    page = camera.page
    opened: dict[str, Callable[[], Any]] = {
        "steps": lambda: (
            [page.get_by_test_id("next").click() for _ in range(9)],
            page.get_by_test_id("result").locator("button").first.click(),
            page.locator("math").first.wait_for(),
        ),
        "slope": lambda: (
            page.get_by_role("application").press("ArrowDown"), page.locator("[data-asked]").first.wait_for()
        ),
        "factors": lambda: page.locator(".pulls button").nth(3).click(),
        "health": lambda: page.locator("figure svg").nth(3).wait_for(),
        "descent": lambda: page.get_by_test_id("iterate").wait_for(),
        "compare": lambda: (page.get_by_test_id("loss-B").wait_for(), page.locator("figure svg").nth(4).wait_for()),
        "correlation": lambda: page.locator(".groups svg").first.wait_for(),
        "network": lambda: page.get_by_test_id("source").wait_for(),
    }  # fmt: skip
    for screen in (*SCREENS, "path"):
        if screen == "path":
            camera.open(f"screen=slope&lang={language}&path=why{FOUNDING}")
            page.get_by_test_id("path").wait_for()
        else:
            camera.open(f"screen={screen}&lang={language}{MOONS}&b.loss=half_mean_squared_error", 40)
            opened[screen]()
        page.evaluate("document.activeElement?.blur()")
        page.screenshot(path=folder / f"{screen}-{language}-{end}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0 or "⟦" in page.content():
            print(f"{screen} {language} {end}: {wide} pixels too wide, or a text is missing")


def main(arguments: list[str]) -> None:
    from playwright.sync_api import sync_playwright

    served = Served("--lang", "en")
    try:
        with sync_playwright() as playwright:
            flags = ["--no-sandbox", "--disable-gpu", "--force-prefers-reduced-motion"]
            browser = playwright.chromium.launch(executable_path=find_tool("chromium"), args=flags)
            if not arguments:
                camera = Camera(browser.new_page(viewport={"width": 1280, "height": 900}), served.address)
                for picture in TABLE:
                    picture(camera)
                return
            folder, wanted = Path(arguments[1]), set(arguments[2:])
            folder.mkdir(parents=True, exist_ok=True)
            for scheme in [s for s in ("light", "dark") if s in wanted or not wanted & {"light", "dark"}]:
                for width in [w for w in (1280, 390) if str(w) in wanted or not wanted & {"1280", "390"}]:
                    size: Any = {"width": width, "height": 900}
                    page = browser.new_page(viewport=size, color_scheme=scheme)
                    for language in [one for one in LANGUAGES if one in wanted or not wanted & set(LANGUAGES)]:
                        every_screen(Camera(page, served.address), folder, language, f"{scheme}-{width}")
                    page.close()
    finally:
        served.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
