"""What is kept of an experiment: in a link, in a file, and in the page when the server is gone."""

import json

from playwright.sync_api import expect

from tests.lab.conftest import PAGE, Served, Visit

OWN = "width,height,kind\n" + "".join(f"{i % 9},{i * i % 7},{'ab'[i % 9 > 4]}\n" for i in range(40))


def given(name, text):
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode()}


def link_of(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Share").click()
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Link copied").wait_for()
    page.keyboard.press("Escape")
    return page.evaluate("navigator.clipboard.readText()")


def test_numbers_changed_by_hand_are_in_the_link_with_the_step_at_which_they_were(visit):
    page = visit.open("#lang=en&data=moons:60:0.2:0.25:2&layers=4:tanh&batch=15&seed=9&optimizer=gradient_descent:0.3")
    visit.run(3)
    page.get_by_role("table", name="W1", exact=True).locator("button").nth(2).click()
    page.get_by_test_id("parameter").fill("0.7071067811865476")
    page.get_by_role("button", name="Set", exact=True).click()
    page.wait_for_selector('table[aria-label="W1"] button[data-value="0.7071067811865476"]')
    page.get_by_label("Learning rate").select_option("0.03")
    page.get_by_role("button", name="One step").click()
    page.wait_for_selector('table[aria-label="W1"] button:not([data-value="0.7071067811865476"])[data-at="2"]')
    link, numbers = link_of(page), visit.array("W1")
    assert "changes=9,W1,2,0.7071067811865476;9,learning_rate,0,0.03" in link
    assert "optimizer=gradient_descent:0.3&" in link
    visit.open(link[link.index("#") :])
    visit.shows({"W1": numbers}, atol=0)
    expect(page.get_by_label("Learning rate")).to_have_value("0.03")


def test_a_table_is_named_by_its_digest_asked_for_and_saved_with_the_experiment(visit):
    page = visit.open("#lang=en")
    table = page.locator("input[accept*=csv]")
    table.set_input_files(given("own.csv", OWN))
    page.get_by_label("What the column height is for").select_option("ignore")
    page.wait_for_selector('table[aria-label="W1"] tbody tr:only-child')
    visit.run(2)
    link, numbers = link_of(page), visit.array("W1")
    page.get_by_role("button", name="Share").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as a file").click()
    text = saved.value.path().read_text(encoding="utf-8")
    assert json.loads(text)["table"]["name"] == "own.csv"
    visit.open(link[link.index("#") :], runs=False)
    page.get_by_test_id("asked").get_by_text("own.csv").wait_for()
    table.set_input_files(given("renamed.csv", OWN))
    visit.reached(2)
    visit.shows({"W1": numbers}, atol=0)
    visit.open(link[link.index("#") :], runs=False)
    table.set_input_files(given("own.csv", OWN.replace("3,2,a", "3,2,b")))
    page.get_by_text("This is not the table that the link names").wait_for()
    load = page.get_by_test_id("load")
    load.set_input_files({"name": "e.json", "mimeType": "application/json", "buffer": b"[1]"})
    page.get_by_role("button", name="Share").click()
    load.set_input_files({"name": "e.json", "mimeType": "application/json", "buffer": text.encode()})
    visit.reached(2)
    visit.shows({"W1": numbers}, atol=0)


def test_without_its_server_the_page_goes_on_and_says_so(page_built, browser):
    lab = Served("--lang", "en")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    visit = Visit(context.new_page(), lab.address)
    page = visit.open("#lang=en&data=circle:40:0.1:0:1&layers=3:tanh")
    here = lambda: page.evaluate("performance.getEntriesByType('resource').map((file) => file.name.split('/').at(-1))")  # noqa: E731
    every = {file.name for file in (PAGE / "assets").iterdir()}
    assert every <= set(visit.soon(here, lambda files: every <= set(files))), "the other screens come by and by"
    lab.stop()
    visit.run(4)
    for screen in ("slope", "health", "correlation", "network"):
        visit.turn(screen)
    page.get_by_label("Activation of layer 1").select_option("relu")
    page.get_by_role("alert").get_by_text("The server does not answer").wait_for()
    page.get_by_role("button", name="One step").click()
    expect(visit.cells("W1").first).to_be_visible()
    context.close()


def test_a_link_with_changes_that_are_none_changes_nothing(visit):
    visit.open("#lang=en&seed=3")
    numbers = visit.array("W1")
    visit.open("#lang=en&seed=3&changes=0,W9,0,1;0,W1,99999,1;0,__proto__,0,1;x;0,constructor,0,2&table=0&roles=[")
    visit.shows({"W1": numbers}, atol=0)
