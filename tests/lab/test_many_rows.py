"""A table of many rows: figures draw some of them and say so, losses are of all."""

import numpy as np
from playwright.sync_api import expect

import chainrule as cr
from chainrule.lab import tables

ROWS = 4000


def test_of_many_rows_figures_draw_some_and_losses_are_of_all(visit):
    random = np.random.RandomState(0)
    X = random.standard_normal((ROWS, 2)).round(3)
    text = "a,b,side\n" + "".join(f"{a},{b},{'left' if a * b < 0.2 else 'right'}\n" for a, b in X)
    page = visit.open("#lang=en&layers=4:tanh&batch=100&seed=3&optimizer=gradient_descent:0.3&data=circle:20:0:0.25:3")
    file = {"name": "own.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("input[accept*=csv]").set_input_files(file)
    page.get_by_test_id("shown-rows").get_by_text("2,000 of the 3,000 training rows").wait_for()
    visit.run(2)
    made = tables.table({"name": "own.csv", "text": text, "target": "side", "test": 0.25, "seed": 3})["training"]
    x, y = made["X"].reshape(-1, 2), made["y"].reshape(-1, 1)
    net = cr.Network(2, [cr.Dense(4, "tanh", initial="glorot"), cr.Dense(1, "sigmoid", initial="glorot")])
    program = cr.derive(net, "binary_cross_entropy", cr.GradientDescent(0.3))

    def trained(epochs):
        return cr.Training(program, x, y, epochs=epochs, batch_size=100, seed=3, dtype="float64", engine="numpy").fit()

    run = trained(2)
    visit.shows({"W1": run.parameters["W1"]})
    visit.loses(run.evaluate(x, y)["loss"])
    page.get_by_role("button", name="Error × slope").click()
    table = page.get_by_role("table", name="input × delta")
    table.get_by_role("rowheader").nth(2).wait_for()
    row = int(table.get_by_role("rowheader").nth(2).inner_text().lstrip("#")) - 1
    table.locator("tbody tr").nth(2).locator("button").first.click()
    factors = page.get_by_test_id("factors")
    factors.get_by_text(f"{row + 1:,}").first.wait_for()
    expect(factors).to_contain_text(f"{x[row, 0]:.3f}"[:5].replace("-", "−"))
    page.get_by_role("button", name="Network and data").click()
    page.get_by_label("Stop at epoch").fill("9")
    page.get_by_label("Stop at epoch").press("Enter")
    page.get_by_role("button", name="Play").click()  # where it stops, losses are those of the last step
    visit.loses(trained(9).evaluate(x, y)["loss"])
