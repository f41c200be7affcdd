"""Live reports and single figures: from file://, offline, with the numbers of Python."""

import contextlib
import os
import re

import numpy as np
import pytest
from playwright.sync_api import expect
from typer.testing import CliRunner

import chainrule as cr
from chainrule.cli import app
from chainrule.lab.given import FIGURES, MOST_CARRIED, Given, compressed, given_of, given_page
from tests.lab.conftest import ROOT, become, visiting
from tests.lab.test_page import founding_run

ALL = bool(os.environ.get("CHAINRULE_TEST_ALL"))
MOST_FIGURE = 60_000  # bytes, compressed
X, Y = [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], [[0], [1], [1], [0]]


def chainrule(*arguments, cwd):
    with contextlib.chdir(cwd):
        return CliRunner().invoke(app, [*map(str, arguments), "--plain"], catch_exceptions=False)


def founding():
    net = cr.Network.parse("3-4-1", activation="sigmoid", output="sigmoid", bias=False, initial="uniform")
    program = cr.derive(net, loss="half_squared_error", optimizer=cr.GradientDescent(1.0))
    return Given(program, np.array(X, float), np.array(Y, float))


@pytest.fixture
def opened(offline):
    """Opens a page from its file, without a network."""
    with contextlib.ExitStack() as visits:

        def visit(path):
            made = visits.enter_context(visiting(offline, path.as_uri()))
            made.open()
            return made

        yield visit


@pytest.fixture(scope="module")
def iris(page_built, tmp_path_factory):
    """A model of iris, and the live report that the command line writes of it."""
    folder = tmp_path_factory.mktemp("live")
    table = str(ROOT / "examples" / "iris.csv")
    train = ["train", table, "--target", "species", "--epochs", 3, "--seed", 4, "--layers", 5, "--engine", "numpy"]
    made = chainrule(*train, "--model", "iris.safetensors", cwd=folder)
    assert made.exit_code == 0, made.stderr
    made = chainrule("report", "iris.safetensors", table, "--live", "-o", "live.html", "--lang", "de", cwd=folder)
    assert made.exit_code == 0, made.stderr
    assert "live.html" in made.stdout
    return folder, given_of(folder / "iris.safetensors", table)


def test_a_live_report_trains_as_python_does(iris, opened):
    folder, given = iris
    visit = opened(folder / "live.html")
    page = visit.page
    assert "⟦" not in page.inner_text("body")
    page.locator("header select").select_option("en")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    visit.run(7)
    run = cr.Training(
        given.program, given.X, given.y, epochs=7, batch_size=given.batch, seed=given.seed, dtype="float64",
        engine="numpy",
    ).fit()  # fmt: skip
    visit.shows(run.parameters)
    visit.loses(run.evaluate(given.X, given.y)["loss"])
    page.get_by_role("button", name="Step through").click()
    page.get_by_test_id("next").click()
    page.get_by_test_id("result").locator("[data-value]").first.wait_for()
    expect(page.get_by_test_id("source")).to_contain_text("def step(")


def test_the_rows_that_were_held_out_test_it(iris):
    _, given = iris
    assert given.test is not None
    assert len(given.X) + len(given.test[0]) == 150
    assert given.kind == "several"


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_small_and_runs_alone(name, page_built, opened, tmp_path):
    page = given_page(founding(), "en", name)
    assert compressed(page) < MOST_FIGURE
    assert compressed(given_page(founding(), "zh-Hant", name)) < MOST_FIGURE  # whose words take most
    path = tmp_path / f"{name}.html"
    path.write_text(page, encoding="utf-8")
    visit = opened(path)
    visit.run(12)
    run = founding_run(12)
    visit.loses(run.evaluate(X, Y)["loss"])
    assert "⟦" not in visit.page.inner_text("body")
    if name == "descent":
        draws_the_way(visit.page, run.evaluate(X, Y)["loss"])


def draws_the_way(page, loss):
    expect(page.get_by_role("img", name="A slice through the loss")).to_be_visible()
    page.get_by_role("button", name="As a table").click()
    way = page.get_by_role("table").get_by_role("row")
    expect(way).to_have_count(1 + 13)  # from the beginning on
    become(way.last.locator("[data-value]").last, [loss])


@pytest.mark.parametrize("language", ["es", "de", "zh-Hans", "zh-Hant"] if ALL else ["de", "zh-Hant"])
def test_a_figure_speaks_one_language(language, page_built, opened, tmp_path):
    path = tmp_path / "slope.html"
    path.write_text(given_page(founding(), language, "slope"), encoding="utf-8")
    page = opened(path).page
    expect(page.locator("html")).to_have_attribute("lang", language)
    page.get_by_test_id("epoch").wait_for()
    said = page.inner_text("body")
    assert "⟦" not in said
    assert "Choose a dot" not in said
    assert founding().answer()["experiment"]["optimizer"]["name"] == "gradient_descent"  # as the page knows it


def test_the_command_writes_a_figure_and_the_line_that_embeds_it(page_built, tmp_path):
    made = chainrule("figure", "slope", "3-4-1", "-o", 'a"b.html', "--lang", "en", cwd=tmp_path)
    assert made.exit_code == 0, made.stderr
    assert '<iframe src="a&quot;b.html" title="3-4-1 sigmoid; half squared error; gradient descent"' in made.stdout
    text = (tmp_path / 'a"b.html').read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "unsafe" not in re.findall(r'Content-Security-Policy" content="([^"]*)"', text)[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["slop"], "did you mean slope?"),
        (["slope", "3-x-1"], "3-x-1"),
        (["slope", "300-100-1"], "at most 20,000"),
        (["slope", "--epochs", "-1"], "--epochs -1"),
        (["slope", "--data", "no.csv"], "--target"),
        (["slope", "-o", "no/where.html"], "no"),
    ],
)
def test_what_cannot_be_written_is_refused_in_words(arguments, said, page_built, tmp_path):
    made = chainrule("figure", *arguments, "--lang", "en", cwd=tmp_path)
    assert made.exit_code == 2
    assert said in made.stderr
    assert len(made.stderr.splitlines()) <= 12
    assert not list(tmp_path.iterdir())


def test_many_rows_are_sampled_and_the_page_says_so():
    given = founding()
    many = Given(given.program, np.tile(given.X, (5000, 1)), np.tile(given.y, (5000, 1)), batch=20_000)
    kept = many.sampled()
    assert len(kept.X) * 4 <= MOST_CARRIED < len(many.X) * 4
    assert kept.whole == 20_000
    assert kept.batch == len(kept.X)
    assert kept.answer()["whole"] == 20_000


def test_names_from_files_stay_text(page_built):
    hostile = "</script><script>alert(1)</script>"
    given = founding()
    named = Given(given.program, given.X, given.y, columns=[hostile, "<!--", "ok"], name=hostile)
    page = given_page(named, "en", "slope")
    assert page.count("<script") == 2
    assert hostile not in page
