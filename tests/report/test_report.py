"""The report: its numbers are right, and nothing from a file becomes markup."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.data import DataError
from chainrule.files import Model
from chainrule.messages import LANGUAGES
from chainrule.report import Report
from chainrule.report.charts import decades, line_chart, ticks
from chainrule.report.importance import importance
from chainrule.report.intervals import bootstrap, share
from tests.tools import ALL

IRIS = Path(__file__).parents[2] / "examples" / "iris.csv"
VOID = {"meta", "line", "circle", "polyline"}


class Tags(HTMLParser):
    """Which elements and attributes a page has, and whether they are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


def tags_of(html: str) -> Tags:
    found = Tags()
    found.feed(html)
    assert not found.open
    return found


@pytest.fixture(scope="module")
def iris(tmp_path_factory):
    """A model on iris, trained by the command line."""
    from typer.testing import CliRunner

    from chainrule.cli import app

    model = tmp_path_factory.mktemp("model") / "iris.safetensors"
    result = CliRunner().invoke(
        app, ["train", str(IRIS), "--target", "species", "--epochs", "30", "--validation", "0.1", "--model", str(model)]
    )
    assert result.exit_code == 0, result.output
    return model


@pytest.fixture(scope="module")
def report(iris):
    return cr.report_on(iris, IRIS)


def test_the_rows_of_the_test_are_found_again(iris, report):
    assert report.held_out
    assert len(report.table) == 30
    model = cr.load(iris)
    accuracy = float((model.chosen(report.outputs) == report.truth).mean())
    assert accuracy == pytest.approx(model.provenance["scores"]["accuracy"])


def test_other_rows_are_all_judged(iris, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("\n".join(IRIS.read_text().splitlines()[:21]) + "\n")
    report = cr.report_on(iris, other)
    assert not report.held_out
    assert len(report.table) == 20
    assert "judged too kindly" in report.html("en")


@pytest.mark.parametrize("language", LANGUAGES if ALL else ["de", "zh-Hans"])  # English is read everywhere here
def test_the_page_is_whole_and_loads_nothing(report, language):
    html = report.html(language)
    found = tags_of(html)
    assert not found.seen & {"script", "img", "link", "iframe", "object", "form", "base"}
    assert not found.attributes & {"src", "href", "onload", "onclick", "action"}
    assert f'<html lang="{language}">' in html
    assert "default-src 'none'" in html
    assert not re.search(r"https?://|//[a-z]|url\(|@import", html)
    assert html.count("<h2>") == 6
    assert "delta1 = " in html


def test_train_writes_it_too_with_what_a_diagnosis_says(tmp_path):
    from typer.testing import CliRunner

    from chainrule.cli import app

    page = tmp_path / "page.html"
    given = ["train", str(IRIS), "--target", "species", "--epochs", "5", "--report", str(page), "--lang", "en"]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 0, result.output
    html = page.read_text(encoding="utf-8")
    tags_of(html)
    assert "Judged by 30 rows of iris.csv" in html
    assert re.search(r'<p class="verdict[^>]*>Layer 1: ', html)
    assert "watch the run with an Observer" not in html
    assert CliRunner().invoke(app, [*given[:-4], "--report", str(tmp_path / "none" / "x.html")]).exit_code == 2


def table_of(path, rows=80):
    random = np.random.RandomState(5)
    X = random.standard_normal((rows, 3))
    lines = [f"{a:.3f},{b:.3f},{c:.3f},{'yes' if a + b > 0 else 'no'}" for a, b, c in X]
    path.write_text("\n".join(["a,b,c,answer", *lines]) + "\n")
    return path


def test_a_model_file_is_diagnosed_by_the_rules(tmp_path):
    """A vanishing gradient is found in the file as it is in the run: its first weights are drawn again."""
    from typer.testing import CliRunner

    from chainrule.cli import app

    table, model, page = table_of(tmp_path / "t.csv"), tmp_path / "m.safetensors", tmp_path / "p.html"
    given = ["train", str(table), "-t", "answer", "--layers", "8-8-8-8-8-8-8", "--activation", "sigmoid", "--epochs",
             "8", "--model", str(model), "--report", str(page), "--lang", "en"]  # fmt: skip
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 0, result.output
    assert "Vanishing gradient" in page.read_text()
    report = cr.report_on(model, table)
    assert "vanishing_gradient" in [verdict.name for verdict in report.diagnosis.faults]
    assert "not in the model file" not in report.html("en")


def test_a_model_whose_start_is_unknown_is_judged_by_what_it_is(tmp_path):
    from typer.testing import CliRunner

    from chainrule.cli import app

    table, model = table_of(tmp_path / "t.csv"), tmp_path / "m.safetensors"
    given = ["train", str(table), "-t", "answer", "--layers", "6", "--epochs", "4", "--model", str(model)]
    assert CliRunner().invoke(app, given).exit_code == 0
    known = Model.load(model)
    facts = {name: value for name, value in known.provenance.items() if name not in ("start", "loss_by_epoch")}
    weights = {name: array - 50 * (name == "b1") for name, array in known.parameters.items()}
    changed = cr.Predictor.of(replace(known, parameters=weights, provenance=facts))
    dead = Report(changed, cr.report_on(model, table).table)
    (verdict,) = dead.diagnosis.faults
    assert (verdict.name, verdict.finding.layer, verdict.finding.value) == ("dead_relu", 1, 1.0)
    assert "since when" in verdict.measured("en")
    html = dead.html("en")
    assert "Dead ReLU" in html
    assert "not in the model file" in html


def test_the_curves_are_those_of_the_training(report):
    course = report.course
    assert set(course) == {"loss", "validation_loss"}
    assert [epoch for epoch, _ in course["loss"]][:2] == [1, 2]
    assert course["loss"][-1][0] == 30
    assert course["loss"][0][1] > course["loss"][-1][1]


def test_nothing_from_a_file_becomes_markup(tmp_path):
    """Hostile names of columns and classes, in the model and in the table."""
    evil = [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(2)>',
        "&lt;b&gt;",
        "</title><h1>x",
        "x' style='color:red",
    ]
    hidden = "abc\u202edef"
    random = np.random.RandomState(0)
    rows = [",".join('"' + name.replace('"', '""') + '"' for name in [*evil, "<i>target</i>"])]
    for i in range(60):
        label = ["<b>yes</b>", hidden, "no&amp;"][i % 3]
        rows.append(",".join([*(f"{v:.3f}" for v in random.randn(5) + i % 3), f'"{label}"']))
    file = tmp_path / "evil<script>.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    model = tmp_path / "evil.safetensors"
    from typer.testing import CliRunner

    from chainrule.cli import app

    page = tmp_path / "page.html"
    trained = CliRunner().invoke(
        app, ["train", str(file), "--target", "<i>target</i>", "--epochs", "5", "--model", str(model)]
    )
    assert trained.exit_code == 0, trained.output
    result = CliRunner().invoke(app, ["report", str(model), str(file), "-o", str(page)])
    assert result.exit_code == 0, result.output
    html = page.read_text(encoding="utf-8")
    found = tags_of(html)
    assert not found.seen & {"script", "img", "i"}
    assert "<b>yes" not in html
    assert "onerror" not in found.attributes
    assert "&lt;script&gt;alert(1)" in html
    assert "\u202e" not in html
    assert html.count("<h1>") == 1


def test_a_regression_has_its_own_scores(tmp_path):
    random = np.random.RandomState(1)
    table = {"a": random.randn(80).tolist(), "b": random.randn(80).tolist()}
    table["price"] = [3 * a - b + 10 for a, b in zip(table["a"], table["b"], strict=True)]
    file = tmp_path / "prices.csv"
    lines = ["a,b,price"] + [f"{a:.6f},{b:.6f},{p:.6f}" for a, b, p in zip(*table.values(), strict=True)]
    file.write_text("\n".join(lines) + "\n")
    from typer.testing import CliRunner

    from chainrule.cli import app

    model = tmp_path / "m.safetensors"
    trained = CliRunner().invoke(
        app, ["train", str(file), "--target", "price", "--epochs", "60", "--model", str(model)]
    )
    assert trained.exit_code == 0, trained.output
    report = cr.report_on(model, file)
    html = report.html("en")
    tags_of(html)
    assert "R2" in html
    assert html.count("<circle") == 16
    answer = report.model.numbers(report.outputs)
    error = abs(answer - report.numbers).mean()
    assert f"<b>{error:.4g}</b>" in html
    found = re.findall(r"<bdi>([ab])</bdi></th><td class=\"track\"", html)
    assert found == ["a", "b"]  # by importance: a counts three times as much


def test_what_does_not_fit_is_refused(iris, report, tmp_path):
    plain = tmp_path / "plain.safetensors"
    program = cr.derive(cr.Network.parse("2-2-1"), "mean_squared_error", cr.GradientDescent(0.1))
    cr.save(cr.Training(program, [[0, 1], [1, 0]], [0, 1], epochs=1).fit(), plain)
    with pytest.raises(ValueError, match="trained on arrays"):
        cr.report_on(plain, IRIS)
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="lacks the columns"):
        cr.report_on(iris, other)
    header, first, *_ = IRIS.read_text().splitlines()
    other.write_text(header.rsplit(",", 1)[0] + "\n" + first.rsplit(",", 1)[0] + "\n")
    with pytest.raises(DataError, match="no target column"):
        cr.report_on(iris, other)
    other.write_text(header + "\n" + first.rsplit(",", 1)[0] + ",daisy\n")
    with pytest.raises(DataError, match="daisy"):
        cr.report_on(iris, other)
    with pytest.raises(DataError, match="no directory"):
        cr.write_report(tmp_path / "none" / "r.html", report)


# --- the parts -----------------------------------------------------------------------------------------------------


def test_wilsons_interval():
    """Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3."""
    for hits, rows, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        found = share(hits, rows)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    assert share(30, 30).high == 1.0


def test_the_bootstrap_of_a_mean_is_as_wide_as_theory_says():
    values = np.random.RandomState(0).randn(400)
    found = bootstrap(lambda rows: float(values[rows].mean()), 400)
    assert found is not None
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert bootstrap(lambda rows: None, 10) is None


def test_importance_is_that_of_the_column_used():
    X = np.random.RandomState(0).randn(300, 3)
    found = importance(
        X, [("a", 0, 1), ("b", 1, 2), ("c", 2, 3)], lambda X, rows: -float(abs(X[:, 1] - rows_of(X)).mean())
    )
    assert found[0].column == "b"
    assert found[1].loss == found[2].loss == 0.0


def rows_of(X):
    """What the score compares with: the second column as it was."""
    return np.random.RandomState(0).randn(300, 3)[:, 1]


def test_ticks_are_round():
    assert ticks(0, 1) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert [round(10**t, 6) for t in decades(-1, 0.1)] == [0.1, 0.2, 0.5, 1.0]
    assert len(decades(-12, 3)) <= 8
    tags_of(line_chart([("a", [1, 2], [0.5, 0.5])], "x", "y", "same everywhere"))
