"""The page in a browser: controls do what they say, and its numbers are those of Python."""

import re

import numpy as np
from playwright.sync_api import expect

import chainrule as cr
from chainrule.lab import answers
from tests.lab.conftest import become

FOUNDING = (
    "#screen=network&lang=en&data=founding_xor:4:0:0:0&layers=4:sigmoid&output=sigmoid&loss=half_squared_error"
    "&optimizer=gradient_descent:1&bias=none&initial=uniform&batch=all&seed=1"
)


def founding_run(epochs):
    net = cr.Network.parse("3-4-1", activation="sigmoid", output="sigmoid", bias=False, initial="uniform")
    program = cr.derive(net, loss="half_squared_error", optimizer=cr.GradientDescent(1.0))
    X, y = [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], [0, 1, 1, 0]
    return cr.Training(program, X, y, epochs=epochs, seed=1, dtype="float64", engine="numpy").fit()


def test_the_founding_network_has_the_same_numbers_as_in_python_and_each_can_be_changed_and_checked(visit):
    page = visit.open(FOUNDING)
    for epochs, reached in ((0, 0), (1, 1), (60, 61)):
        if epochs:
            page.get_by_label("How many epochs to run").fill(str(epochs))
            page.get_by_role("button", name="Run epochs").click()
        visit.reached(reached)
        visit.shows(founding_run(reached).parameters)
    page.get_by_role("table", name="W2", exact=True).locator("button").first.click()
    page.get_by_test_id("parameter").fill("0.25")
    page.get_by_role("button", name="Set", exact=True).click()
    page.wait_for_selector('table[aria-label="W2"] button[data-at="0"][data-value="0.25"]')
    page.get_by_role("button", name="Check by a finite difference").click()
    run = founding_run(61)
    weights = {name: values.copy() for name, values in run.parameters.items()}
    weights["W2"][0, 0] = 0.25
    traced = cr.trace(run.program, [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], [0, 1, 1, 0], weights)
    become(page.get_by_test_id("difference"), traced["dW2"][0, 0], atol=1e-8)


def test_batches_and_adam_follow_the_same_random_numbers(visit):
    visit.open("#data=circle:60:0.1:0.3:5&layers=5:tanh;3:relu&optimizer=adam:0.01&batch=7&seed=3&initial=he&l2=0.001")
    made = answers.data({"set": "circle", "points": 60, "noise": 0.1, "test": 0.3, "seed": 5})
    visit.run(8)
    layers = [cr.Dense(units, name, initial="he") for units, name in ((5, "tanh"), (3, "relu"), (1, "sigmoid"))]
    program = cr.derive(cr.Network(2, layers), "binary_cross_entropy", cr.Adam(0.01), penalty=cr.L2(0.001))
    N = made["training"]["count"]
    X, y = np.reshape(made["training"]["X"], (N, 2)), np.reshape(made["training"]["y"], (N, 1))
    run = cr.Training(program, X, y, epochs=8, batch_size=7, seed=3, dtype="float64", engine="numpy").fit()
    visit.shows(run.parameters)
    visit.loses(run.evaluate(X, y)["loss"])


def test_a_copied_link_reproduces_the_run_and_holds_no_token(visit, browser, served):
    page = visit.open("#data=moons:80:0.2:0.25:2&layers=4:tanh&batch=8&seed=9")
    visit.run(15)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Share").click()
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Link copied").wait_for()
    page.get_by_label("Formula of your own").focus()
    page.keyboard.press("Control+V")
    expect(page.get_by_label("Formula of your own")).to_have_value(re.compile("."))
    link = page.get_by_label("Formula of your own").input_value()
    assert served.token not in link
    assert "epoch=15" in link
    numbers = visit.array("W1")
    visit.open(link[link.index("#") :])
    visit.shows({"W1": numbers}, atol=0)


def test_divergence_is_explained_with_its_step_and_a_remedy(visit):
    page = visit.open(
        "#data=plane:60:0.1:0:1&layers=8:relu&output=linear&loss=half_squared_error"
        "&optimizer=gradient_descent:10&batch=all&seed=1"
    )
    page.get_by_role("button", name="Play").click()
    alert = page.get_by_test_id("diverged")
    alert.wait_for()
    expect(alert).to_contain_text("no longer a finite number")
    assert all(np.isfinite(visit.array("W1")))
    expect(alert.get_by_role("button")).to_contain_text("2.5")
    alert.get_by_role("button").click()  # the same seed again, with a quarter of the rate, as far as it came
    page.locator('dl dd:text-is("2.5")').wait_for()


def test_a_table_of_ones_own_and_a_broken_one(visit):
    page, refused = visit.open(), []
    page.on("response", lambda answer: refused.append(answer.url.rpartition("/")[2]) if answer.status == 400 else None)

    def drop(name, text):  # anywhere on the page
        made = "([name, text]) => { const d = new DataTransfer(); d.items.add(new File([text], name)); return d; }"
        page.dispatch_event("header", "drop", {"dataTransfer": page.evaluate_handle(made, [name, text])})

    drop("broken.csv", "a,b\n1,2\n3\n")
    page.locator(".alert", has_text="broken.csv, row 3").wait_for()
    page.get_by_label("Between cells").select_option(";")  # then it has one column, which is to be predicted
    page.locator(".alert", has_text="keep at least one").wait_for()
    rows = "".join(f"{i},{i * i % 7},{('red', 'green', 'blue')[i % 3]}\n" for i in range(40))
    drop("own.csv", "width,height,colour\n" + rows)
    use = {name: page.get_by_label(f"What the column {name} is for") for name in ("width", "height", "colour")}
    for select, role in zip(use.values(), ("numeric", "numeric", "target"), strict=True):
        expect(select).to_have_value(role)
    expect(page.locator(".alert")).to_have_count(0)
    page.get_by_test_id("columns").get_by_text("(x − ").first.wait_for()  # how it was scaled
    use["height"].select_option("ignore")
    page.get_by_role("table", name="W1", exact=True).get_by_text("height").wait_for(state="detached")
    use["height"].select_option("categorical")
    page.get_by_text("7 inputs").or_(page.get_by_text("6 inputs")).or_(page.get_by_text("4 inputs")).wait_for()
    use["width"].select_option("target")
    page.get_by_text("colour=red").first.wait_for()
    use["colour"].select_option("target")
    use["height"].select_option("numeric")
    visit.run(3)
    assert "source" not in refused  # a source is asked for when data and network fit


def test_an_old_or_hostile_link_opens_the_lab_all_the_same(visit):
    for fragment in (
        "#screen=<script>alert(1)</script>&data=" + "x" * 5000 + "&layers=4:</script><img src=x onerror=alert(1)>",
        "#layers=1e9:tanh;-4:sigmoid;%00&batch=-1&seed=1e99&edits=[1,2]&epoch=99999999999&lang=../../x",
        "#%%%",
    ):
        page = visit.open(fragment)
        page.get_by_role("button", name="Reset").wait_for()


LANGUAGES = {
    "en": "Network and data",
    "es": "Red y datos",
    "de": "Netz und Daten",
    "zh-Hans": "网络与数据",
    "zh-Hant": "網路與資料",
}


def test_every_language_and_nothing_untranslated_then_playing_stopping_resetting_and_a_mistake(visit):
    page = visit.open("#lang=de")
    for language, name in LANGUAGES.items():
        page.locator("header select").select_option(language)
        page.get_by_role("button", name=name).wait_for()
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page).to_have_url(re.compile(f"lang={language}\\b"))
        assert "⟦" not in page.content()
    page.locator("header select").select_option("en")
    page.get_by_role("button", name=LANGUAGES["en"]).wait_for()
    before = visit.array("W1")
    page.get_by_label("Stop at epoch").fill("12")
    page.get_by_label("Stop at epoch").press("Enter")
    page.get_by_role("button", name="Play").click()
    page.wait_for_selector('[data-testid="epoch"]:text-is("12")')
    page.get_by_role("button", name="Play").wait_for()
    assert visit.array("W1") != before
    page.get_by_role("button", name="Reset").click()
    visit.reached(0)
    visit.shows({"W1": before}, atol=0)
    # a mistake in a formula is shown where it is
    page.get_by_label("Formula of your own").fill("x1 + sinn(x2)")
    page.get_by_role("button", name="Add", exact=True).click()
    page.locator(".alert", has_text="sinn").first.wait_for()
