"""The newest wish wins, whatever order answers come in; and what is gone back over is what it was."""

import re

from playwright.sync_api import expect

import chainrule as cr
from tests.lab.conftest import become
from tests.lab.test_page import FOUNDING

X, Y = [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], [0, 1, 1, 0]


def test_a_language_that_comes_late_does_not_take_the_place_of_the_one_asked_for_since(visit):
    held = []
    page = visit.open("#lang=en")
    page.route("**/api/messages/de", lambda route: held.append(route))
    page.locator("header select").select_option("de")
    assert visit.soon(lambda: held, bool)
    page.locator("header select").select_option("es")
    page.get_by_role("button", name="Red y datos").wait_for()
    with page.expect_response("**/api/messages/de") as late:
        held[0].continue_()
    late.value.finished()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    page.get_by_role("button", name="Red y datos").wait_for()


def test_a_table_that_comes_late_does_not_take_the_place_of_the_data_chosen_since(visit):
    held = []
    page = visit.open("#lang=en")
    page.route("**/api/table", lambda route: held.append(route))
    rows = "".join(f"{i},{i * i % 7}\n" for i in range(30))
    page.locator("input[accept*=csv]").set_input_files(
        {"name": "own.csv", "mimeType": "text/csv", "buffer": f"a,b\n{rows}".encode()}
    )
    assert visit.soon(lambda: held, bool)
    page.get_by_label("Data set").select_option("xor")
    expect(page).to_have_url(re.compile("data=xor"))
    with page.expect_response("**/api/table") as late:
        held[0].continue_()
    late.value.finished()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(page.get_by_test_id("columns")).to_have_count(0)
    expect(page.get_by_label("Data set")).to_have_value("xor")


def test_going_back_over_a_step_changes_numbers_again_that_were_changed_by_hand(visit):
    page = visit.open(
        FOUNDING.replace("screen=network", "screen=steps") + "&epoch=3&changes=1,W2,0,0.25;2,learning_rate,0,0.5"
    )
    page.keyboard.press("b")  # into the step before: its last statement
    visit.reached(2)
    net = cr.Network.parse("3-4-1", activation="sigmoid", output="sigmoid", bias=False, initial="uniform")
    program = cr.derive(net, loss="half_squared_error", optimizer=cr.GradientDescent(1.0))

    def trained(program, given, epochs=1):
        return cr.Training(
            program, X, Y, epochs=epochs, seed=1, dtype="float64", engine="numpy", parameters=given
        ).fit().parameters  # fmt: skip

    weights = {name: values.copy() for name, values in trained(program, None).items()}
    weights["W2"][0, 0] = 0.25
    slower = cr.derive(net, loss="half_squared_error", optimizer=cr.GradientDescent(0.5))
    expected = trained(slower, trained(program, weights))
    page.get_by_role("table", name="W2", exact=True).first.wait_for()
    become(page.get_by_test_id("result").locator("[data-value]"), expected["W2"])
    for _ in range(3):  # keys that come fast are wishes one after the other: over the end of the step to its third line
        page.keyboard.press("n")
    visit.reached(3)
    expect(page.locator("li.done button.statement")).to_have_count(2)


def test_a_loss_that_does_not_fit_is_told_and_replaced(visit):
    page = visit.open(
        "#screen=health&lang=en&data=circle:60:0.1:0.3:1&layers=4:tanh&output=sigmoid&loss=half_mean_squared_error"
        "&optimizer=gradient_descent:0.1&batch=all&seed=1&inputs=200 * x1&changes=0,b2,0,9"
    )
    found = page.locator('[data-verdict="wrong_loss"]')
    found.get_by_text("Loss → binary cross entropy").wait_for()
    scaled = page.locator('[data-verdict="unscaled_input"]')
    scaled.get_by_role("button", name="Apply and replay").click()
    page.get_by_test_id("compared").wait_for()
    scaled.wait_for(state="detached")
    page.get_by_role("button", name="Back to how it was").click()
    scaled.wait_for()
