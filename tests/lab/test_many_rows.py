"""A table of many rows: figures draw some of them and say so, losses are of all."""

import numpy as np
import pytest
from playwright.sync_api import expect

import chainrule as cr
from chainrule.lab import answers, tables

ROWS = 4000


def test_of_many_rows_figures_draw_some_and_losses_are_of_all(visit):
    random = np.random.RandomState(0)
    X = random.standard_normal((ROWS, 2)).round(3)
    text = "a,b,side\n" + "".join(f"{a},{b},{'left' if a * b < 0.2 else 'right'}\n" for a, b in X)
    page = visit.open("#lang=en&layers=4:tanh&batch=100&seed=3&optimizer=gradient_descent:0.3&data=circle:20:0:0.25:3"
                      "&b.optimizer=momentum:0.2")
    file = {"name": "own.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("input[accept*=csv]").set_input_files(file)
    page.get_by_test_id("shown-rows").get_by_text("2,000 of the 3,000 training rows").wait_for()
    visit.run(2)
    made = tables.table({"name": "own.csv", "text": text, "target": "side", "test": 0.25, "seed": 3})["training"]
    x, y = made["X"].reshape(-1, 2), made["y"].reshape(-1, 1)
    net = cr.Network(2, [cr.Dense(4, "tanh", initial="glorot"), cr.Dense(1, "sigmoid", initial="glorot")])
    program, other = (cr.derive(net, "binary_cross_entropy", by) for by in (cr.GradientDescent(0.3), cr.Momentum(0.2)))

    def trained(epochs, program=program):
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
    visit.turn("compare")
    page.get_by_label("Stop at epoch").fill("11")
    page.get_by_label("Stop at epoch").press("Enter")
    page.get_by_role("button", name="Play").click()
    for side, made in (("A", program), ("B", other)):
        visit.loses(trained(11, made).evaluate(x, y)["loss"], f"loss-{side}")


MEASURED = """async ({ address, program, rows }) => {
    const worker = new Worker(address);
    const ask = (request) => new Promise((told) => {
        worker.onmessage = (event) => told(event.data);
        worker.postMessage({ id: 1, ...request });
    });
    const part = (count, of) => {
        const X = Float64Array.from({ length: 2 * count }, (_, i) => Math.sin(of * (i + 1)));
        const y = Float64Array.from({ length: count }, (_, n) => (X[2 * n] > X[2 * n + 1] ? 1 : 0));
        return { count, rows: X, X, y };
    };
    const data = { kind: "classes", inputs: 2, outputs: 1, training: part(rows, 0.7), test: part(rows / 4, 1.3) };
    await ask({ kind: "load", program, data, seed: 3 });
    const wants = { values: "none", grid: false };
    const shown = ({ snapshot: { trainLoss, testLoss, trainRight, testRight, outputs } }) =>
        [trainLoss, testLoss, trainRight, testRight, ...outputs.slice(0, 5), ...outputs.slice(-5)];
    await ask({ kind: "look", wants });
    await ask({ kind: "set", name: "W1", index: 0, value: 0.75 });
    let found, waited = -1;
    do {
        found = await ask({ kind: "advance", steps: 0, milliseconds: 9, wants: { ...wants, metrics: false } });
        waited++;
    } while (!found.snapshot.outputs.length);
    const whole = await ask({ kind: "look", wants });
    worker.terminate();
    return { waited, some: shown(found), whole: shown(whole) };
}"""


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "half_squared_error"])
def test_while_it_plays_losses_are_of_all_rows_taken_some_at_a_time(visit, loss):
    page = visit.open("#lang=en&layers=24:tanh;24:tanh")
    layer = {"layer": "dense", "activation": "tanh"}
    layers = [{**layer, "units": 24}, {**layer, "units": 24}, {**layer, "units": 1, "activation": "sigmoid"}]
    network = {"layers": layers, "loss": loss, "optimizer": {"name": "adam", "rate": 0.03}}
    program = answers.program({"columns": ["x1", "x2"], "network": network, "rows": 20_000, "batch": 10})
    address = page.workers[0].url
    found = page.evaluate(MEASURED, {"address": address, "program": program, "rows": 20_000})
    assert found["waited"] > 0
    np.testing.assert_allclose(found["some"], found["whole"], rtol=1e-12)
