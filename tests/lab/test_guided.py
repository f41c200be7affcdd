"""The guided path as a visitor walks it."""

import re

from playwright.sync_api import expect


def at(page, chapter, reached):
    page.locator(f'aside[data-chapter="{chapter}"][data-reached="{str(reached).lower()}"]').wait_for()


def test_a_visitor_gets_from_a_slope_to_the_product_by_keyboard_alone(visit):
    page = visit.open()
    page.get_by_role("button", name="Guided path").focus()
    page.keyboard.press("Enter")
    at(page, "slope", False)
    expect(page.get_by_test_id("iterate")).to_have_text(re.compile(r"f'\(x\) = 12$"))
    page.get_by_test_id("descend").focus()
    for _ in range(3):
        page.keyboard.press("Enter")
    at(page, "slope", True)
    page.get_by_test_id("iterate").get_by_text("f'(x) = 6.144").wait_for()
    page.get_by_test_id("path").get_by_text("The slope has shrunk to 6.144").wait_for()
    page.get_by_test_id("path-next").focus()
    page.keyboard.press("Enter")
    at(page, "why", False)
    dot = page.get_by_test_id("dot")
    dot.get_by_text("Unit 1, sample 3").wait_for()
    dot.get_by_text("−0.4562 × 0.2481").wait_for()
    page.get_by_role("application").focus()
    for _ in range(4):
        page.keyboard.press("Shift+ArrowLeft")
    at(page, "why", True)
    expect(page).to_have_url(re.compile("path=why"))
    visit.page.reload()  # progress is kept, and the address leads back to the chapter
    at(page, "why", False)
    dot.get_by_text("Unit 1, sample 3").wait_for()
    page.get_by_text("All chapters, 2 of 12 done").wait_for()
    page.get_by_role("button", name="Close the guided path").click()
    page.get_by_test_id("path").wait_for(state="detached")
    expect(page).not_to_have_url(re.compile("path="))


def test_who_is_faster_than_the_derivation_has_done_the_chapter_all_the_same(visit):
    held = []
    page = visit.open("#lang=en&screen=descent&seed=7")
    page.route("**/api/program", lambda route: held.append(route))
    page.get_by_role("button", name="Guided path").click()
    at(page, "slope", False)
    for _ in range(3):
        page.get_by_test_id("descend").click()
    at(page, "slope", True)
    assert visit.soon(lambda: held, bool)
    with page.expect_response("**/api/program"):
        for route in held:
            route.continue_()
    page.unroute("**/api/program")
    page.get_by_role("button", name="Set it up again").wait_for()
    at(page, "slope", True)


def test_the_ways_of_a_chapter_are_set_up_by_a_click_and_the_panel_is_clean_beside_the_screen(visit):
    page = visit.open("#lang=en&path=cube&screen=steps")
    for way, loss in (("as derived", "0.003798"), ("slope left out", "3.81E−6"), ("error cubed", "0.2612")):
        page.get_by_test_id("way").get_by_text(way).click()
        page.wait_for_selector(f'[data-testid="loss"]:text-is("{loss}")')
    page.get_by_text("Edited by you: error2.").wait_for()
    at(page, "cube", True)
    # the panel is clean, and stands beside the screen
    page.locator("header select").select_option("de")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    visit.turn("slope")
    page.locator("aside details summary").click()
    visit.is_clean()
    page.emulate_media(color_scheme="dark")
    visit.is_clean("color-contrast")

    def boxes():
        return page.get_by_test_id("path").bounding_box(), page.locator("main").bounding_box()

    def beside(found):
        return found[0]["x"] + found[0]["width"] <= found[1]["x"] + 20

    def above(found):
        return found[0]["y"] + found[0]["height"] <= found[1]["y"]

    assert beside(visit.soon(boxes, beside))
    page.set_viewport_size({"width": 390, "height": 800})
    visit.fits(390)
    assert above(visit.soon(boxes, above))
