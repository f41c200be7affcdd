"""What stands in a report, section by section, as HTML; the numbers of the network come from observations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import printable
from ..messages import number, say
from ..observe.diagnosis import Diagnosis
from ..observe.observations import layers_of, observed
from ..observe.trace import trace
from ..tables.scores import auc, log_loss, r2
from . import charts, page
from .importance import importance
from .intervals import Interval, bootstrap, share

if TYPE_CHECKING:
    from .report import Report

MOST_CLASSES = 20
MOST_ROWS, MOST_COLUMNS = 12, 8  # of the table of contributions
TRACED = 2_000
TRAINED = ("table", "rows", "test_rows", "epochs", "seed")  # of the provenance


def whole_page(report: Report, language: str) -> str:
    sections = [
        ("scores", scores(report, language)),
        ("curves", curves(report, language)),
        ("health", health(report, language)),
        ("importance", columns(report, language)),
        ("contributions", contributions(report, language)),
        ("program", program(report, language)),
    ]
    titled = [(say(f"report.{key}", language), inner) for key, inner in sections if inner]
    version = str(report.model.provenance.get("chainrule", ""))
    footer = say("report.footer", language, version=printable(version))
    return page.page(report.title, language, titled, introduction(report, language), footer)


def introduction(report: Report, language: str) -> str:
    """What was trained on what, and which rows this is about."""
    model, known = report.model, report.model.provenance
    preparation, rows = model.preparation, len(report.table)
    about = page.paragraph(
        say(f"report.{'held_out' if report.held_out else 'given'}", language, rows=rows, table=source(report))
    )
    names = [printable(feature.name) for feature in preparation.features]
    target = printable(preparation.target.name)
    if preparation.classes:
        target += f" ({', '.join(printable(label, 24) for label in preparation.classes[:MOST_CLASSES])})"
    declared = model.model.network
    count = sum(array.size for array in model.parameters.values())
    used = dict.fromkeys(layer.activation_name for layer in model.network.layers if layer.activation_name)
    facts = [
        ("target", target),
        ("columns", say("report.listed", language, count=len(names), names=", ".join(names[:12]))),
        ("network", say("report.parameters", language, network=model.network.notation, count=count,
                        activations=", ".join(map(str, used)))),
        ("loss", declared.loss.name if declared.loss is not None else ""),
        ("optimizer", type(declared.optimizer).__name__),
        *((key, plain(known[key], language)) for key in TRAINED if key in known),
        ("digest", str(known.get("table_sha256", ""))[:16]),
    ]  # fmt: skip
    return about + page.facts([(say(f"report.fact_{key}", language), printable(str(v), 300)) for key, v in facts if v])


def source(report: Report) -> str:
    """The name of the table, without the folders of whoever wrote the report."""
    return printable(report.table.source.replace("\\", "/").rpartition("/")[2], 80)


def plain(value: Any, language: str) -> str:
    return number(value, language) if isinstance(value, int) else printable(str(value), 80)


# --- how good ------------------------------------------------------------------------------------------------------


def scores(report: Report, language: str) -> str:
    if report.model.preparation.task == "classification":
        return scores_of_classes(report, language)
    return scores_of_numbers(report, language)


def card(name: str, found: Interval | None, language: str, more: str = "") -> list[tuple[str, str, str]]:
    if found is None:
        return []
    interval = say("report.interval", language, low=f"{found.low:.4g}", high=f"{found.high:.4g}")
    return [(name, f"{found.value:.4g}", f"{interval}{'; ' + more if more else ''}")]


def scores_of_classes(report: Report, language: str) -> str:
    model, truth = report.model, report.truth
    outputs = model.for_classes(report.outputs)
    answer, rows = model.chosen(report.outputs), len(truth)
    right = int((truth == answer).sum())
    usual = int(np.bincount(truth).argmax())
    baseline = say("report.usual", language, value=f"{float((truth == usual).mean()):.4g}")
    shown = card(say("report.accuracy", language), share(right, rows), language, baseline)
    shown += card("AUC", bootstrap(lambda i: auc(truth[i], outputs[i]), rows), language)
    if model.kind == "probability":
        shown += card(
            say("report.log_loss", language), bootstrap(lambda i: log_loss(truth[i], outputs[i]), rows), language
        )
    return (
        page.cards(shown)
        + page.paragraph(say("report.interval_note", language), "quiet")
        + confusion(report, language, answer)
    )


def confusion(report: Report, language: str, answer: Any) -> str:
    """A row a true class, a column an answer; and what each class is missed or called wrongly."""
    classes, truth = [printable(label, 24) for label in report.model.classes], report.truth
    if len(classes) > MOST_CLASSES:
        return page.paragraph(say("report.many_classes", language, count=len(classes)))
    counts = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(counts, (truth, answer), 1)
    rows = [
        (name, row.tolist(), [number(n, language) for n in row.tolist()])
        for name, row in zip(classes, counts, strict=True)
    ]
    told = page.paragraph(say("report.confusion", language)) + charts.heat(classes, rows)
    header = ["", *(say(f"report.{key}", language) for key in ("rows", "recall", "precision"))]
    each = []
    for k, name in enumerate(classes):
        recall, precision = share(counts[k, k], counts[k].sum()), share(counts[k, k], counts[:, k].sum())
        each.append([name, number(int(counts[k].sum()), language), *map(with_interval, (recall, precision))])
    return told + page.table(header, each)


def with_interval(found: Interval) -> str:
    return "-" if np.isnan(found.value) else f"{found.value:.3f} ({found.low:.3f}-{found.high:.3f})"


def scores_of_numbers(report: Report, language: str) -> str:
    truth, answer = report.numbers, report.model.numbers(report.outputs)
    rows = len(truth)

    plainest = float(abs(truth - truth.mean()).mean())
    shown = card("R2", bootstrap(lambda i: r2(truth[i], answer[i]), rows), language)
    error = bootstrap(lambda i: float(abs(answer[i] - truth[i]).mean()), rows)
    shown += card(say("report.error", language), error, language, say("report.mean", language, value=f"{plainest:.4g}"))
    label = [say(f"report.{key}", language) for key in ("truth", "answer")]
    told = page.cards(shown) + page.paragraph(say("report.interval_note", language), "quiet")
    return (
        told
        + page.paragraph(say("report.diagonal", language))
        + charts.scatter(truth, answer, label[0], label[1], say("report.diagonal", language))
    )


# --- how it came about ---------------------------------------------------------------------------------------------


def curves(report: Report, language: str) -> str:
    series = [
        (say(f"report.{name}_curve", language), [float(epoch) for epoch, _ in pairs], [value for _, value in pairs])
        for name, pairs in report.course.items()
    ]
    if not series:
        return page.paragraph(say("report.no_curves", language), "quiet")
    title = say("report.curves", language)
    return charts.line_chart(series, say("report.epoch", language), say("report.fact_loss", language), title)


def traced(report: Report, groups: tuple[str, ...] = ()) -> Any:
    """Every step of the program on these rows, at most 2,000 of them, with the observations asked for."""
    model = report.model
    seen = observed(model.model.network.derive(), *groups) if groups else model.model.network.derive()
    rows = slice(None, TRACED)
    return trace(seen, report.X[rows], report.Y[rows], model.parameters, dtype="float64", state=model.state)


def health(report: Report, language: str) -> str:
    """A line for each layer, and what a diagnosis says."""
    values = traced(report, ("slopes", "gradients"))
    header = ["", *(say(f"report.{key}", language) for key in ("activation", "slope", "saturated", "dead", "gradient"))]
    rows = []
    for layer in layers_of(report.model.model.network.derive()):
        stems = ("slope_mean", "saturated_share", "dead_share", "gradient_norm")
        names = [f"{stem}{layer.number}" for stem in stems]
        cells = [f"{float(np.mean(values[name])):.3g}" if name in values else "-" for name in names]
        rows.append([say("report.layer", language, number=layer.number), layer.activation or "linear", *cells])
    told = page.table(header, rows)
    told += "".join(page.paragraph(text, f"verdict{well}") for text, well in diagnosed(report, language))
    if report.run is None and report.seed is None:
        told += page.paragraph(say("diagnose.only_now", language), "quiet")
    return told + page.paragraph(say("report.health_note", language), "quiet")


def diagnosed(report: Report, language: str) -> list[tuple[str, str]]:
    """Each verdict, what was measured, a remedy; then how ready the units are to learn."""
    found = report.diagnosis
    told = [
        (" ".join(line.strip() for line in verdict.text(language).split("\n")), "" if verdict.rule.fault else " well")
        for verdict in found.verdicts
    ]
    rest = Diagnosis((), found.readiness).text(language).split("\n")
    return [*told, *((line, " well") for line in (rest[1:] if found.faults else rest))]


# --- what counts ---------------------------------------------------------------------------------------------------


def columns(report: Report, language: str) -> str:
    """Permutation importance of the columns of the table."""
    score = score_of(report)
    found = importance(report.X, report.blocks, score)
    shown = found[: 2 * MOST_ROWS]
    rows = [(row.column, row.loss, f"{row.loss:+.3g} ({row.low:+.2g} ... {row.high:+.2g})") for row in shown]
    key = "classes" if report.model.preparation.task == "classification" else "numbers"
    return page.paragraph(say(f"report.importance_{key}", language)) + charts.bars(rows)


def score_of(report: Report) -> Callable[[Any, Any], float]:
    """Accuracy, or minus the mean absolute error."""
    if report.model.preparation.task == "classification":
        truth = report.truth
        return lambda X, rows: float((report.model.chosen(report.outputs_of(X)) == truth[rows]).mean())
    numbers = report.numbers
    return lambda X, rows: -float(abs(report.model.numbers(report.outputs_of(X)) - numbers[rows]).mean())


def contributions(report: Report, language: str) -> str:
    """The rows that pull hardest at the weights of the first layer: |input x delta|, summed over its units."""
    values = traced(report)
    if "delta1" not in values:
        return ""
    pull = abs(report.X[:TRACED]) * abs(values["delta1"]).sum(axis=1, keepdims=True)
    total = float(pull.sum())
    if not total > 0:
        return page.paragraph(say("report.no_contributions", language))
    names = report.model.preparation.feature_names
    across = np.sort(np.argsort(-pull.sum(axis=0), kind="stable")[:MOST_COLUMNS])
    down = np.argsort(-pull.sum(axis=1), kind="stable")[:MOST_ROWS]
    rows = []
    for n in down:
        cells = (100 * pull[n, across] / total).tolist()
        rows.append((row_name(report, int(n), language), cells, [f"{cell:.2g} %" for cell in cells]))
    told = say("report.contributions_note", language, rows=len(down), share=f"{pull[down].sum() / total:.0%}")
    return page.paragraph(told) + charts.heat([printable(names[j]) for j in across], rows)


def row_name(report: Report, n: int, language: str) -> str:
    """The row as the file has it, with truth and answer."""
    row = int(report.table.lines[n])
    if report.model.classes:
        labels = [printable(label, 24) for label in report.model.classes]
        truth, answer = labels[report.truth[n]], labels[int(report.model.chosen(report.outputs[n : n + 1])[0])]
    else:
        truth = f"{report.numbers[n]:.4g}"
        answer = f"{float(report.model.numbers(report.outputs[n : n + 1])[0]):.4g}"
    return say("report.row", language, row=row, truth=truth, answer=answer)


def program(report: Report, language: str) -> str:
    """The training step, as it reads and runs."""
    step = report.model.model.network.derive()
    return page.paragraph(say("report.program_note", language)) + page.code(step.source("numpy", form="step").rstrip())
