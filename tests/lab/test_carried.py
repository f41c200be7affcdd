"""A page without a server: opened from file://, it runs what it carries and asks the network for nothing."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

import chainrule as cr
from chainrule.lab.carried import Carried, question
from chainrule.lab.experiment import Experiment
from tests.lab.conftest import visiting

FOUNDING = (
    "#screen=network&lang=en&data=founding_xor:4:0:0:0&layers=4:sigmoid&output=sigmoid&loss=half_squared_error"
    "&optimizer=gradient_descent:1&bias=none&initial=uniform&batch=all&seed=1"
)


@pytest.fixture(scope="module")
def page_file(page_built, tmp_path_factory):
    carried = Carried({"language": "en", "table": None})
    for place in (Experiment(), Experiment.of(FOUNDING)):
        carried.experiment(place)
    carried.sources(Experiment.of(FOUNDING), [("numpy", "en")])
    path = tmp_path_factory.mktemp("carried") / "lab.html"
    path.write_text(carried.page("lab", "chainrule lab"), encoding="utf-8")
    return path


@pytest.fixture
def opened(page_file, offline):
    with visiting(offline, page_file.as_uri()) as made:
        yield made


def founding_weights(epochs, rate=1.0, seed=1):
    net = cr.Network.parse("3-4-1", activation="sigmoid", output="sigmoid", bias=False, initial="uniform")
    program = cr.derive(net, loss="half_squared_error", optimizer=cr.GradientDescent(rate))
    X, y = [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], [0, 1, 1, 0]
    return cr.Training(program, X, y, epochs=epochs, seed=seed, dtype="float64", engine="numpy").fit().parameters


def test_it_opens_from_a_file_and_has_the_numbers_of_python(opened):
    page = opened.open()
    assert "⟦" not in page.inner_text("body")
    opened.open(FOUNDING)
    opened.run(40)
    opened.shows(founding_weights(40))
    page.get_by_role("button", name="Step through").click()
    expect(page.get_by_test_id("source")).to_contain_text("output: the network's answer for each sample")


def test_one_program_serves_every_rate_and_seed(opened):
    opened.open(FOUNDING.replace("descent:1", "descent:0.3").replace("seed=1", "seed=7") + "&epoch=25")
    opened.shows(founding_weights(25, rate=0.3, seed=7))


def test_what_is_not_carried_is_refused_in_words(opened):
    page = opened.open(FOUNDING)
    page.get_by_role("button", name="More units in layer 1").click()
    page.locator("main .alert", has_text="brings along a choice of networks").wait_for()
    page.get_by_role("button", name="Back to what runs").click()
    page.locator("main .alert").wait_for(state="detached")
    expect(page).to_have_url(re.compile("layers=4:sigmoid"))
    table = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"}
    page.locator("main input[type=file]").set_input_files(table)
    page.locator(".alert", has_text="cannot read a table of your own").wait_for()


def test_the_policy_lets_nothing_in_but_what_the_page_carries(page_file):
    text = page_file.read_text(encoding="utf-8")
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert text.count("<script") == 2


def test_a_question_has_the_same_key_as_in_the_page():
    """The rows of `web/src/core/question.test.ts`, which Vitest compares."""
    rows = (Path(__file__).parents[2] / "web/src/core/question.test.ts").read_text(encoding="utf-8")
    place = Experiment.of(FOUNDING + "&dropout=0.2&l2=0.01")
    body = place.program_body({"training": {"count": 4}, "columns": ["x1", "x2"], "outputs": 1, "inputs": 2})
    assert question("program", body) in rows
    assert question("data", place.data_body()) in rows
