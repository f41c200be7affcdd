"""The guided path as a visitor walks it."""


def at(page, chapter, reached):
    page.locator(f'aside[data-chapter="{chapter}"][data-reached="{str(reached).lower()}"]').wait_for()


def test_a_visitor_gets_from_a_slope_to_the_product_by_keyboard_alone(visit):
    page = visit.open()
    page.get_by_role("button", name="Guided path").focus()
    page.keyboard.press("Enter")
    at(page, "slope", False)
    assert page.get_by_test_id("iterate").inner_text().endswith("f'(x) = 12")
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
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    at(page, "why", True)
    assert "path=why" in page.url
    visit.page.reload()  # progress is kept, and the address leads back to the chapter
    at(page, "why", False)
    page.get_by_text("All questions, 2 of 12 done").wait_for()
    page.get_by_role("button", name="Close the guided path").click()
    page.get_by_test_id("path").wait_for(state="detached")
    assert "path=" not in page.url


def test_who_is_faster_than_the_derivation_has_done_the_chapter_all_the_same(visit):
    held = []
    page = visit.open("#lang=en&screen=descent&seed=7")
    page.route("**/api/program", lambda route: held.append(route))
    page.get_by_role("button", name="Guided path").click()
    at(page, "slope", False)
    for _ in range(3):
        page.get_by_test_id("descend").click()
    at(page, "slope", True)
    with page.expect_response("**/api/program"):
        for route in held:
            route.continue_()
    page.unroute("**/api/program")
    page.get_by_role("button", name="Set it up again").wait_for()
    at(page, "slope", True)


def test_the_panel_is_clean_and_stands_beside_the_screen(visit):
    page = visit.open("#lang=de&path=cube&screen=slope")
    page.locator("aside details summary").click()
    assert not visit.violations()
    page.emulate_media(color_scheme="dark")
    assert not visit.violations("color-contrast")
    box, main = page.get_by_test_id("path").bounding_box(), page.locator("main").bounding_box()
    assert box["x"] + box["width"] <= main["x"] + 20
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box, main = page.get_by_test_id("path").bounding_box(), page.locator("main").bounding_box()
    assert box["y"] + box["height"] <= main["y"]


def test_the_ways_of_a_chapter_are_set_up_by_a_click(visit):
    page = visit.open("#lang=en&path=cube&screen=steps")
    for way, loss in (("as derived", "0.003798"), ("slope left out", "3.81E−6"), ("error cubed", "0.2612")):
        page.get_by_test_id("way").get_by_text(way).click()
        page.wait_for_selector(f'[data-testid="loss"]:text-is("{loss}")')
    page.get_by_text("Edited by you: error2.").wait_for()
    at(page, "cube", True)
