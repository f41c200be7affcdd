"""Pictures of numbers along a line: the slope of an activation, a training and its errors, runs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..formulas.activations import ACTIVATIONS
from ..formulas.formula import Formula, looks_like_formula
from ..observe.comparison import Comparison
from ..observe.descent import Differences
from ..observe.descent.function import Curve
from ..observe.landscape import watched
from ..program.expr import Name, substitute
from ..program.text import parse
from .style import USUAL_WIDTH, Canvas, drawing, look, matplotlib

MOST_LINES = 12  # samples with a line of their own
MOST_DOTS = 2_000
LAYERED = ("slope_mean", "gradient_norm")  # of a Comparison, layer by layer
QUARTILES = (0.25, 0.5, 0.75)


def curve_of(activation: str | Formula) -> Curve:
    """An activation of the book, or a formula in z, as a curve in x."""
    if isinstance(activation, str):
        if activation in ACTIVATIONS:
            activation = ACTIVATIONS[activation]
        elif not looks_like_formula(activation):
            raise ValueError(f"unknown activation '{activation}'; known: {', '.join(ACTIVATIONS)}, or a formula in z")
        else:
            activation = Formula("own", activation)
    bound = {name: Name(name) for name in activation.scalars}
    expression = parse(activation.text, {"z": Name("z", ("N",)), **bound})
    values = {name: parse(repr(float(value)), {}) for name, value in activation.scalars.items()}
    return Curve(lambda x: substitute(expression, {"z": x, **values}))


@drawing
def slope(on: Canvas, activation: str | Formula = "sigmoid", z: Any = None, low: float = -6, high: float = 6) -> None:
    """An activation and its derivative, with your units as dots on both curves.

    activation  a name, or a formula in z
    z           where your units are, for instance `cr.trace(program, X, y)["z1"]`
    """
    curve = curve_of(activation)
    dots = np.array([]) if z is None else np.unique(np.asarray(z, dtype=float).ravel())[:MOST_DOTS]
    if len(dots):
        low, high = min(low, float(dots.min())), max(high, float(dots.max()))
    x = np.linspace(low, high, 801)
    for i, (what, values, marks) in enumerate(
        [("activation", curve(x[None]), curve(dots[None])), ("slope", *(curve.slope(p[None])[0] for p in (x, dots)))]
    ):
        on.ax.plot(x, values, label=on.look.say(what), **on.look.line(i))
        if len(dots):
            many = len(dots) > 60
            on.ax.plot(dots, marks, linestyle="", marker="os"[i], markersize=on.look.size(5 if many else 6),
                       alpha=0.35 if many else 1, markerfacecolor=on.look.colours[i], markeredgecolor=on.look.ink,
                       markeredgewidth=0 if many else 0.6)  # fmt: skip
    name = activation if isinstance(activation, str) else activation.name
    on.titles(on.look.say("slope_title", name=name), "z")
    on.legend()


@drawing
def history(on: Canvas, run: Any, log: bool | None = None) -> None:
    """The loss per epoch, on the training and on the validation rows.

    run     a Training, or a mapping such as `run.history`
    log     a logarithmic axis; by default where the loss spans more than a factor of 20
    """
    table: Mapping[str, Sequence[float]] = run.history if hasattr(run, "history") else run
    shown = {name: values for name, values in table.items() if name in ("loss", "validation_loss") and len(values)}
    if not shown:
        raise ValueError("there is no finished epoch to show")
    every = np.concatenate([np.asarray(values, dtype=float) for values in shown.values()])
    for i, (name, values) in enumerate(shown.items()):
        epochs = np.arange(1, len(values) + 1)
        on.ax.plot(epochs, values, label=on.look.say(name), **on.look.marked(i, len(values)))
    if log or (log is None and every.min() > 0 and every.max() > 20 * every.min()):
        on.logarithmic("y")
    on.titles(on.look.say("history_title"), on.look.say("epoch"), on.look.say("loss"))
    on.legend()


@drawing
def errors(on: Canvas, run: Any, log: bool | None = None) -> None:
    """The error of each sample in the course of training: |output - target|, the largest over the outputs.

    run     trained with `callbacks=[cr.WeightHistory()]`; of more than 12 samples the median and where most are
    """
    kept = watched(run)
    pairs = zip(kept.parameters, kept.states, strict=True)
    outputs = [run.engine.predict(run.X, weights, {**run.state, **state}) for weights, state in pairs]
    table = np.array([abs(output - run.y).max(axis=1) for output in outputs])
    epochs = np.array(kept.epochs)
    if table.shape[1] <= MOST_LINES:
        for i in range(table.shape[1]):
            style = on.look.marked(i, len(epochs)) | {"linewidth": 1.4}
            on.ax.plot(epochs, table[:, i], label=on.look.say("sample", number=i + 1), **style)
    else:
        bands = np.quantile(table, [0.05, 0.25, 0.5, 0.75, 0.95], axis=1)
        colour = on.look.colours[0]
        on.ax.fill_between(epochs, bands[0], bands[4], color=colour, alpha=0.18, linewidth=0, label="5-95 %")
        on.ax.fill_between(epochs, bands[1], bands[3], color=colour, alpha=0.3, linewidth=0, label="25-75 %")
        on.ax.plot(epochs, bands[2], label=on.look.say("median"), **on.look.line(0))
        on.ax.plot(epochs, table.max(axis=1), label=on.look.say("largest"), **on.look.line(1))
    if log or (log is None and table.min() > 0 and np.median(table[-1]) < 0.02 * np.median(table[0])):
        on.logarithmic("y")
    on.titles(on.look.say("errors_title"), on.look.say("epoch"), on.look.say("error"))
    on.legend(ncols=2 if 6 < table.shape[1] <= MOST_LINES else 1)


@drawing
def compare(on: Canvas, runs: Comparison | Mapping[str, Any], what: str = "loss", log: bool = True) -> None:
    """Runs side by side: for each name the median over its runs, and a band from the first to the third quartile.

    runs    what `cr.compare` found; or name -> a Training, several of them, or their losses as lists of numbers
    what    loss, or another key of the history; of a Comparison also slope_mean or gradient_norm: layer by layer after
            the last update
    """
    tables = tables_of(runs, what)
    layers = isinstance(runs, Comparison) and what != "loss"
    smallest = np.inf
    for i, (name, table) in enumerate(tables.items()):
        at = np.arange(1, table.shape[1] + 1)
        low, median, high = quartiles(table)
        on.ax.plot(at, median, label=str(name), **on.look.marked(i, 1 if layers else len(median)))
        if len(table) > 1:
            on.ax.fill_between(at, low, high, color=on.look.colours[i % 6], alpha=0.15, linewidth=0)
        smallest = min(smallest, float(np.nanmin(median)))
    if log and smallest > 0:
        on.logarithmic("y")
    if layers:
        on.ax.set_xticks(range(1, max(table.shape[1] for table in tables.values()) + 1))
    labels = {"loss": "loss", "slope_mean": "compare_slope", "gradient_norm": "compare_gradient"}
    steps = "layer" if layers else "step" if isinstance(runs, Comparison) else "epoch"
    shown = on.look.say(labels[what]) if what in labels else what
    several = max(map(len, tables.values())) > 1
    on.titles(on.look.say("compare_title" if several else "compare_title_single"), on.look.say(steps), shown)
    if len(tables) > 6:
        on.legend_beside()
    else:  # among thousands of points the best place takes seconds to find
        on.legend(loc="best" if layers else "lower left")


def comparison(
    found: Comparison,
    *,
    dark: bool = False,
    language: str | None = None,
    size: tuple[float, float] = (USUAL_WIDTH, 10.0),
) -> list[Any]:
    """All that `cr.compare` found, below one another: loss, slope and gradient norm per layer; returns their Axes.

    One legend is for all, as lines and marks are the same; a panel that lacks a case has its own.
    """
    shown = [what for what in ("loss", *LAYERED) if what == "loss" or has_layers(found, what)]
    heights = [3 if what == "loss" else 2 for what in shown]
    with look(dark, language, min(1.5, max(0.6, size[0] / USUAL_WIDTH))):
        _, grid = matplotlib().subplots(
            len(shown), 1, figsize=size, layout="constrained", height_ratios=heights, squeeze=False
        )
    axes = list(grid[:, 0])
    for ax, what in zip(axes, shown, strict=True):
        compare(found, what, ax=ax, dark=dark, language=language)
        if ax is not axes[0]:
            ax.set_title("", loc="left")
            if list(tables_of(found, what)) == list(tables_of(found, "loss")):
                ax.get_legend().remove()
    return axes


def has_layers(found: Comparison, what: str) -> bool:
    """Whether any case has it: a network without activations has no slopes."""
    return any(not np.isnan(case.end[what]).all() for case in found.cases.values())


def tables_of(runs: Comparison | Mapping[str, Any], what: str) -> dict[str, Any]:
    """Name -> (runs, epochs), or (runs, layers).  ValueError: nothing to compare, or of another kind."""
    if isinstance(runs, Comparison):
        if what not in ("loss", *LAYERED):
            raise ValueError(f"unknown '{what}'; a Comparison has loss, slope_mean, gradient_norm")
        found = {name: case.losses if what == "loss" else case.end[what] for name, case in runs.cases.items()}
        found = {name: table[:, ~np.isnan(table).all(axis=0)] for name, table in found.items()}
        if not any(table.shape[1] for table in found.values()):
            raise ValueError(f"no layer has a {what}")
        return {name: table for name, table in found.items() if table.shape[1]}
    if not runs:
        raise ValueError("there is nothing to compare")
    return {name: courses(given, what) for name, given in runs.items()}


def quartiles(table: Any) -> Any:
    """The first, the middle and the third (3, epochs), of the runs that have a number there."""
    found = np.quantile(table, QUARTILES, axis=0)
    gaps = np.isnan(found[0])
    found[:, gaps] = np.nanquantile(table[:, gaps], QUARTILES, axis=0)  # slow: column by column
    return found


def courses(given: Any, what: str) -> Any:
    """One run or several as a table (runs, epochs), cut to the shortest."""
    several = given if isinstance(given, list | tuple) and not all(np.isscalar(item) for item in given) else [given]
    found = [np.asarray(run.history[what] if hasattr(run, "history") else run, dtype=float) for run in several]
    shortest = min(map(len, found))
    if not shortest:
        raise ValueError("a run without a finished epoch cannot be compared")
    return np.array([course[:shortest] for course in found])


@drawing
def differences(on: Canvas, found: Differences) -> None:
    """How far forward, central and complex differences are off the derivative, over the step: the U."""
    for i, (name, values) in enumerate(found.errors.items()):
        shown = np.maximum(values, 1e-17)
        on.ax.plot(found.steps, shown, label=on.look.say(f"descend.{name}"), **on.look.marked(i, 8))
        h, error = found.best(name)
        if name != "complex":
            place = {"ha": "center", "va": "bottom", "xytext": (0, 15)} if i == 0 else {  # each on its free side
                "ha": "right", "va": "top", "xytext": (-8, -4)}  # fmt: skip
            on.ax.annotate(f"h = {h:.0e}", (h, error), textcoords="offset points", fontsize=9 * on.look.scale,
                           color=on.look.ink, **place)  # fmt: skip
    on.logarithmic("x", "y")
    on.ax.invert_xaxis()
    title = on.look.say("differences_title", function=f"f(x) = {found.curve}")
    on.titles(title, on.look.say("difference_step"), on.look.say("difference_error"))
    on.legend(loc="upper center")
