"""The further screens: the same run in hand on each, its numbers those of Python."""

import re
from pathlib import Path

import numpy as np
from playwright.sync_api import expect

import chainrule as cr
from chainrule.writers import LANGUAGES
from tests.lab.conftest import SCREENS, become
from tests.tools import ALL

X, Y = [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], [0, 1, 1, 0]
FOUNDING = "&lang=en&data=founding_xor:4:0:0:0&layers=4:sigmoid&output=sigmoid&loss=half_squared_error" \
           "&optimizer=gradient_descent:1&bias=none&initial=uniform&batch=all&seed=1"  # fmt: skip


def program():
    net = cr.Network.parse("3-4-1", activation="sigmoid", output="sigmoid", bias=False, initial="uniform")
    return cr.derive(net, loss="half_squared_error", optimizer=cr.GradientDescent(1.0))


def run_of(steps, made=None):
    return cr.Training(made or program(), X, Y, epochs=steps, seed=1, dtype="float64", engine="numpy").fit()


def shows(part, expected):
    """The numbers of a part of the page are these, or soon are."""
    become(part.locator("[data-value]"), expected)


def test_stepping_shows_what_trace_shows_and_an_update_what_the_next_step_starts_from(visit):
    page = visit.open("#screen=steps&epoch=7" + FOUNDING)
    seen, after = cr.trace(program(), X, Y, run_of(7).parameters), run_of(8).parameters
    steps = [step for step in program().full.steps if step.phase != "observe"]
    for step in steps:
        page.get_by_test_id("next").click()
        shown = page.get_by_test_id("result").filter(has=page.get_by_role("table", name=step.name, exact=True))
        expected = after[step.name] if step.phase == "update" else seen[step.name]
        shows(shown, expected)
    page.get_by_test_id("next").click()  # begins the next step
    visit.reached(8)
    page.get_by_test_id("back").click()  # and back into the one before
    visit.reached(7)
    shows(page.get_by_test_id("result"), after["W2"])


def test_the_keyboard_suffices_keys_in_a_row_end_where_they_lead_to_and_what_is_drawn_ahead_is_not_told(visit):
    page = visit.open("#screen=steps" + FOUNDING)
    steps = [step.name for step in program().full.steps if step.phase != "observe"]
    page.get_by_test_id("next").wait_for()
    for _ in range(2 * (len(steps) + 1) + 2):  # two whole steps, and two statements
        page.keyboard.press("n")
    page.get_by_role("heading", name="Training step 3, epoch 2").wait_for()
    page.get_by_role("heading", name="a1 = sigmoid(z1)").wait_for()
    seen = cr.trace(program(), X, Y, run_of(2).parameters)
    shows(page.get_by_test_id("result"), seen["a1"])
    page.locator('.beneath table[aria-label="z2"]').wait_for(state="attached")  # the next one
    shows(page.locator('.beneath table[aria-label="z2"]'), seen["z2"])
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    told = {n["name"]["value"] for n in tree if not n["ignored"] and n["role"]["value"] in ("table", "LayoutTable")}
    assert {"a1", "z1"} <= told
    assert not {"z2", "X"} & told
    page.get_by_test_id("result").locator("button").first.focus()
    page.keyboard.press("n")  # whoever is in the numbers stays in them
    expect(page.get_by_role("table", name="z2", exact=True).locator('[tabindex="0"]')).to_be_focused()
    shows(page.get_by_test_id("result"), seen["z2"])
    for _ in range(5):  # a number opens to its equation
        page.keyboard.press("n")
    page.get_by_role("heading", name="delta2 = error2 * slope2").wait_for()
    result = page.get_by_test_id("result")
    shows(result, seen["delta2"])
    result.locator("button").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    formulas = page.get_by_test_id("equation").locator("math")
    expect(formulas.first).to_have_attribute("alttext", "delta2[1, 0] = error2[1, 0]·slope2[1, 0]")
    error, slope = (f"{round(seen[name][1, 0], 4)}".replace("-", "−") for name in ("error2", "slope2"))
    expect(formulas.nth(1)).to_have_attribute("alttext", f"= ({error})·{slope}")
    page.keyboard.press("Shift+P")  # to where the backward phase began
    expect(page.locator('[aria-current="step"]')).to_have_text(re.compile("data_loss"))
    page.keyboard.press("p")
    page.get_by_role("heading", name="dW2 = a1.T @ delta2").wait_for()


def test_an_edited_line_runs_beside_the_original_and_is_told_from_the_gradient(visit):
    page = visit.open("#screen=steps" + FOUNDING)
    page.get_by_role("button", name="Change the formula of error2").click()
    page.get_by_test_id("edit").fill("(a2 - y)**3")
    page.get_by_role("button", name="Run with it").click()
    page.get_by_text("no longer the gradient of the declared loss").wait_for()
    visit.run(40)
    edited = program().replace("error2", "(a2 - y)**3")
    weights = run_of(40, edited).parameters
    visit.shows({"W1": weights["W1"]})
    expect(page).to_have_url(re.compile("edits="))
    # the original takes the same step from the same weights: its numbers stand small below
    page.get_by_text("your change makes these numbers different: error2, delta2, error1,").wait_for()
    page.locator("ol button.statement", has_text="delta2 = error2 * slope2").click()
    mine, theirs = (cr.trace(p, X, Y, weights)["delta2"].ravel() for p in (edited, program()))
    table = page.get_by_test_id("result")
    shows(table, mine)
    become(table.locator("[data-was]"), theirs, "was")
    page.get_by_label("Sample").select_option("2")  # one sample alone
    shows(table, mine[2:3])
    page.get_by_role("button", name="The whole training, side by side").click()
    page.get_by_test_id("differences").get_by_text("error2 = (a2 - y)**3").wait_for()
    page.get_by_role("button", name="Step through").click()
    page.get_by_role("button", name="Back to the derived program").click()
    page.get_by_text("no longer the gradient").wait_for(state="detached")


def test_a_change_that_makes_it_diverge_is_named_as_the_cause(visit):
    page = visit.open("#screen=steps" + FOUNDING + '&edits={"dW2":"exp(1e6 %2B a1.T %40 delta2)"}')
    page.get_by_role("button", name="One step").click()
    page.get_by_text("takes this step without trouble from the same weights: your change is the cause").wait_for()


def test_the_source_follows_in_every_language_and_can_be_taken_along(visit):
    page = visit.open("#screen=steps&epoch=2" + FOUNDING)
    page.wait_for_selector('[data-testid="epoch"]:text-is("2")')
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_test_id("next").wait_for()
    here = page.locator('ol [aria-current="step"]')
    for _ in range(8):
        page.keyboard.press("n")
    named = {"numpy": "delta2 = error2 * slope2", "jax": "delta2 = error2 * slope2", "c": "s->delta2[k] = s->error2[k]",
             "javascript": "s.delta2[k] = s.error2[k] * s.slope2[k];"}  # fmt: skip
    assert list(named) == list(LANGUAGES)
    for language, line in named.items():
        page.get_by_test_id("listing-language").select_option(language)
        expect(here).to_contain_text(line)
        explained = {"teaching": True, "notes": "en"} if language in ("numpy", "jax") else {}
        expected = program().source(language, **explained)
        expect(page.get_by_test_id("source")).to_have_text(expected.strip(), use_inner_text=False)
        with page.expect_download() as download:
            page.get_by_role("button", name="Download").click()
        assert Path(download.value.path()).read_text(encoding="utf-8") == expected
        page.get_by_role("button", name="Copy", exact=True).click()
        page.get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == expected
    # where a page may not copy, the text is selected
    page.evaluate("void (navigator.clipboard.writeText = () => Promise.reject())")
    page.get_by_role("button", name="Copied").click()
    selected = lambda: page.evaluate("getSelection().toString()").strip()  # noqa: E731
    assert visit.soon(selected, lambda text: text != "") == expected.strip()
    # a second window shows the same, follows, and steps
    with page.expect_popup() as popup:
        page.get_by_role("button", name="In a window of its own").click()
    other = popup.value
    complaints: list[str] = []
    other.on("console", lambda message: complaints.append(message.text))
    there = other.locator('[aria-current="step"]')
    expect(there).to_contain_text(named["javascript"])
    expect(other.locator("main")).to_have_css("display", "grid")
    other.get_by_test_id("window-next").click()
    expect(here).to_contain_text("backward(N, UNITS1, OUTPUTS, s.delta2, w.W2, s.error1);")
    page.keyboard.press("b")
    expect(there).to_contain_text(named["javascript"])
    other.close()
    page.get_by_role("button", name="In a window of its own").click(trial=True)
    page.evaluate("window.open = () => null")
    page.get_by_role("button", name="In a window of its own").click()
    page.get_by_text("did not allow a second window").wait_for()
    assert not complaints
    # and back by epochs
    page.keyboard.press("Shift+E")
    page.get_by_role("heading", name="Before the step").wait_for()
    page.keyboard.press("Shift+E")
    page.wait_for_selector('[data-testid="epoch"]:text-is("1")')


def test_a_dot_on_the_slope_and_the_pull_of_every_sample_have_the_numbers_of_trace(visit):
    page = visit.open("#screen=slope&epoch=5" + FOUNDING)
    page.get_by_role("application").focus()
    page.keyboard.press("ArrowDown")
    dot = page.get_by_test_id("dot")
    dot.get_by_text("Unit 1, sample 1").wait_for()
    seen = cr.trace(program(), X, Y, run_of(5).parameters)
    shows(dot, [seen["z1"][0, 0], seen["slope1"][0, 0]])
    page.keyboard.press("Shift+ArrowRight")
    dot.get_by_text("What if").wait_for()
    page.wait_for_selector(f'[data-testid="dot"] dd[data-value^="{str(seen["z1"][0, 0] + 1)[:8]}"]')
    page.keyboard.press("Escape")
    dot.get_by_text("What if").wait_for(state="detached")
    page.wait_for_selector(f'[data-testid="dot"] dd[data-value="{float(seen["z1"][0, 0])!r}"]')
    become(dot.locator("[data-asked]"), -1.0 * np.array(X[0]) * seen["delta1"][0, 0], "asked")
    visit.turn("factors")  # the pull of every sample is input times delta
    table = page.get_by_role("table", name="Samples by weights")
    expected = np.array(X) * seen["delta1"][:, :1]
    shows(table, expected)
    visit.shows({"dW1": seen["dW1"][:, 0]})
    table.locator("button").nth(5).click()
    page.get_by_test_id("factors").get_by_text("Sample 2, weight of one").wait_for()
    shows(page.get_by_test_id("factors"), [expected[1, 2]])


def test_a_screen_whose_module_comes_late_does_not_take_the_place_of_the_one_in_hand(visit):
    held = []
    visit.page.route("**/Network-*.js", lambda route: held.append(route))
    page = visit.open("#screen=steps")
    page.get_by_test_id("next").wait_for()
    with page.expect_response("**/Network-*.js") as late:
        for route in held:
            route.continue_()
    page.unroute("**/Network-*.js")
    page.evaluate("(url) => import(url).then(() => new Promise(requestAnimationFrame))", late.value.url)  # it has come
    expect(page.locator("main")).to_have_attribute("data-screen", "steps")
    expect(page.get_by_test_id("next")).to_be_visible()


def test_on_every_screen_the_same_run_and_axe_finds_nothing_light_or_dark_and_nothing_is_cut_off_on_a_phone(visit):
    page = visit.open("#screen=network&epoch=2" + FOUNDING)

    def walk(*rules):
        loss = page.get_by_test_id("loss").get_attribute("title")
        for screen in SCREENS:
            visit.turn(screen)
            expect(page.get_by_test_id("loss")).to_have_attribute("title", loss)
            visit.is_clean(*rules)
            yield

    list(walk())
    visit.turn("network")
    page.get_by_label("Data set").select_option("circle")  # two inputs, which have maps
    expect(page).to_have_url(re.compile("data=circle"))
    visit.reached(0)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 800})
    visit.run(3)
    for _ in walk("color-contrast"):  # nothing else is other in the dark
        visit.fits(390)


def test_side_by_side_steps_and_correlation_in_every_language_on_a_phone(visit):
    page = visit.page
    page.set_viewport_size({"width": 390, "height": 800})
    visit.open("#screen=compare&epoch=3&b.optimizer=momentum:0.3")
    shown = {"compare": page.get_by_test_id("loss-B"), "steps": page.get_by_test_id("next"),
             "correlation": page.locator(".groups svg").first}  # fmt: skip
    for i, language in enumerate(("es", "de", "zh-Hans", "zh-Hant", "en")):
        page.locator("header select").select_option(language)
        expect(page.locator("html")).to_have_attribute("lang", language)
        some = list(shown) if ALL or language == "en" else [list(shown)[i % len(shown)]]
        for screen, sign in ((screen, shown[screen]) for screen in some):
            visit.turn(screen)
            sign.wait_for()
            if screen == "steps":  # with an equation
                page.keyboard.press("n")
                page.get_by_test_id("result").locator("button").first.click()
                page.locator("math").first.wait_for()
            assert "⟦" not in page.content()
            visit.fits(390)
            if language == "en":
                visit.is_clean()


def test_correlation_and_both_runs_side_by_side_are_those_of_python_now_and_looked_back_at(visit):
    page = visit.open("#screen=correlation&epoch=30" + FOUNDING + "&b.optimizer=momentum:0.5")
    page.get_by_text("constant: acts as a bias").wait_for()
    seen = cr.trace(cr.observed(program()), X, Y, run_of(30).parameters)
    for caption, name in (("Columns of X", "correlation0"), ("Layer 1", "correlation1"), ("Output", "correlation2")):
        shows(page.get_by_role("table", name=caption), seen[name])
    page.get_by_role("button", name="As a table").click()  # the curves: every epoch, every column and unit
    at_twelve = page.locator("figure tbody tr").nth(12)
    expect(at_twelve.locator("th")).to_have_text("12")
    seen = cr.trace(cr.observed(program()), X, Y, run_of(12).parameters)
    expected = np.concatenate([seen[f"correlation{number}"].ravel() for number in range(3)])
    shows(at_twelve, expected)
    visit.turn("compare")
    network = program().declaration.network
    other = cr.derive(network, loss="half_squared_error", optimizer=cr.Momentum(0.5))
    made = {"A": program(), "B": other}

    def check(epoch):
        page.get_by_test_id("scrubbed").get_by_text(f"epoch {epoch} of").wait_for()
        for side, derived in made.items():
            visit.loses(run_of(epoch, derived).evaluate(X, Y)["loss"], f"loss-{side}")

    check(30)
    scrubber = page.get_by_test_id("scrubber")
    scrubber.press("Home")
    for _ in range(3):
        scrubber.press("ArrowRight")
    check(3)
    for heading, stem in (("Mean slope", "slope_mean"), ("Length of the gradient", "gradient_norm")):
        figure = page.get_by_role("region", name=heading).get_by_role("figure", name="Layer 1")
        figure.get_by_role("button", name="As a table").click()
        for epoch in (0, 12, 30):
            at = {s: cr.trace(cr.observed(p), X, Y, run_of(epoch, p).parameters) for s, p in made.items()}
            shows(figure.locator("tbody tr").nth(epoch), [at[side][f"{stem}1"].mean() for side in made])
    page.get_by_role("button", name="One step").click()  # both take it
    scrubber.press("End")
    check(31)
    expect(page).to_have_url(re.compile("b.optimizer=momentum:0.5"))
    page.get_by_role("button", name="Squared error or cross-entropy?").click()
    page.get_by_test_id("differences").get_by_text("binary cross entropy").wait_for()
    page.get_by_text("Cross-entropy cancels the slope").wait_for()
    expect(page).to_have_url(re.compile("b.loss=binary_cross_entropy"))
    page.get_by_text("Every setting of both sides").click()
    page.get_by_label("Loss, B").select_option("half_mean_squared_error")
    page.get_by_text("Both sides are alike").wait_for()


def test_health_keeps_the_observations_over_time_and_the_way_on_a_slice_of_the_loss_is_that_of_python(visit):
    page = visit.open("#screen=health" + FOUNDING)
    for _ in range(3):
        page.get_by_role("button", name="One step").click()
    visit.reached(3)
    figure = page.get_by_role("figure", name="Length of the gradient")
    figure.get_by_role("button", name="As a table").click()
    expect(figure.locator("tbody tr")).to_have_count(4)
    expect(page.locator("table").last.locator("tbody tr")).to_have_count(5)
    page.get_by_label("How many epochs to run").fill("9")
    page.get_by_role("button", name="Run epochs").click()
    visit.reached(12)
    visit.turn("descent")  # a slice of the loss is that of Python, and so is the way on it
    page.get_by_role("button", name="The network's loss").click()
    page.get_by_test_id("moment").wait_for()
    page.get_by_role("button", name="As a table").click()
    kept = cr.WeightHistory()
    run = cr.Training(program(), X, Y, epochs=12, seed=1, dtype="float64", engine="numpy", callbacks=[kept]).fit()
    cut = cr.landscape(run)
    shows(page.get_by_role("table", name="The way of the run"), np.column_stack([cut.path, cut.path_loss]))
    expect(page.get_by_role("figure", name="A slice through the loss")).to_contain_text(f"{cut.loss.min():.4g}")
    for name in cut.names:
        page.get_by_role("columnheader", name=name, exact=True).first.wait_for()


def test_descent_of_a_typed_function(visit):
    page = visit.open("#screen=descent&lang=en")
    at = page.get_by_test_id("iterate")
    at.wait_for()
    for expected in (6.8, 5.84, 5.072):  # the founding text's
        page.get_by_test_id("descend").click()
        page.get_by_text(f"x = {expected:g},").wait_for()
        become(at, expected, atol=1e-12)
    page.get_by_test_id("function").fill("x^2 +")
    page.locator(".alert", has_text="position").wait_for()
    page.get_by_test_id("function").fill("x^2 - 4x + 6")
    page.get_by_test_id("rate").fill("0.2")
    page.get_by_text("rate too large").first.wait_for()


def test_health_says_what_is_wrong_and_replays_with_the_remedy(visit):
    deep = "&data=circle:80:0.1:0.3:1&layers=6:sigmoid;6:sigmoid;6:sigmoid;6:sigmoid&output=sigmoid&batch=all&seed=1"
    page = visit.open(f"#screen=health&lang=en&epoch=6&loss=binary_cross_entropy&optimizer=gradient_descent:0.1{deep}")
    page.locator('[data-verdict="vanishing_gradient"]').wait_for()
    loss = page.get_by_test_id("loss").inner_text()
    page.get_by_role("button", name="Apply and replay").click()
    compared = page.get_by_test_id("compared")
    compared.get_by_role("cell", name="6", exact=True).nth(1).wait_for()
    expect(compared.get_by_role("row", name="Loss, training rows").get_by_role("cell").first).to_have_text(loss)
    expect(page).to_have_url(re.compile("layers=6:relu"))
    page.get_by_role("button", name="Back to how it was").click()
    page.locator('[data-verdict="vanishing_gradient"]').wait_for()
    expect(page).to_have_url(re.compile("layers=6:sigmoid"))


def test_the_bias_has_a_column_and_of_many_weights_one_is_asked_which(visit):
    page = visit.open("#screen=factors&lang=en&data=digits:40:0.1:0:1&layers=3:tanh&output=softmax"
                      "&loss=softmax_cross_entropy&optimizer=gradient_descent:0.1&batch=all&seed=1")  # fmt: skip
    table = page.get_by_role("table", name="Samples by weights")
    table.get_by_role("columnheader", name="bias (input 1)").wait_for()
    page.locator("figure select").first.select_option("2")
    summed = page.get_by_role("table", name="dW2", exact=True)
    summed.get_by_role("columnheader", name="b2[0]").wait_for()
    expect(summed.locator("[data-value]")).to_have_count(4)
    page.locator("figure select").first.select_option("1")
    summed = page.get_by_role("table", name="dW1", exact=True)
    expect(summed.locator("[data-value]")).to_have_count(16)
