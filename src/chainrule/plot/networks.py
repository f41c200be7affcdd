"""Pictures of a network: its program as a graph, how fit its layers are, what contributes, what correlates with y."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..observe.landscape import watched
from ..observe.trace import trace
from ..program.expr import names
from ..program.ops import format_shape
from ..program.steps import Program, Step
from .style import Canvas, drawing

MOST_STEPS = 60
MOST_ROWS = 24
MOST_BARS = 30
PHASES = ("forward", "loss", "backward", "update")
SATURATED = 0.1  # of the largest slope: below it a unit counts as saturated


@drawing
def program(on: Canvas, program: Program) -> None:
    """The steps of a program as a graph: forward from left to right, the loss, backward from right to left.

    Below each layer the updates. A box holds the name and the shape of a step; an arrow leads to where it is used.
    """
    steps = [step for step in program.steps if isinstance(step, Step)]
    if len(steps) > MOST_STEPS:
        raise ValueError(f"a picture of {len(steps)} steps cannot be read; up to {MOST_STEPS} are drawn")
    places, sizes = laid_out(program, steps)
    for step in steps:
        for name in names(step.expression):
            if name in places and name != step.name:
                arrow(on, places[name], places[step.name])
    for name, (x, y) in places.items():
        step_box(on, name, x, y, *sizes[name])
    across, down = [x for x, _ in places.values()], [y for _, y in places.values()]
    on.ax.set_xlim(min(across) - 0.75, max(across) + 0.75)
    on.ax.set_ylim(min(down) - 0.6, max(down) + 0.75)
    on.ax.set_axis_off()
    on.titles(on.look.say("program_title", title=program.title))
    for i, phase in enumerate(("forward", "loss", "backward")):
        on.ax.bar(0, 0, width=0, label=on.look.say(f"phase_{phase}"), **phase_style(on, i))
    on.legend(loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=3, fontsize=8 * on.look.scale)


def laid_out(program: Program, steps: list[Step]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Where each box stands, and what it says: shape and phase. The inputs X and y stand at the left and the right."""
    places: dict[str, tuple[float, float]] = {}
    sizes: dict[str, tuple[str, str]] = {}
    forward = [step for step in steps if step.phase == "forward"]
    for i, step in enumerate(forward):
        places[step.name], sizes[step.name] = (i + 1.0, 1.0), (format_shape(step.shape), "forward")
    end = len(forward) + 1.0
    losses = [step for step in steps if step.phase == "loss"]
    for i, step in enumerate(losses):
        places[step.name], sizes[step.name] = (end + i, 1.0), ("", "loss")
    column = {step.name: places[step.name][0] for step in forward}
    taken: dict[float, int] = {}
    for step in (step for step in steps if step.phase == "backward"):
        at = column.get(step.of, end if step.of not in program.parameters else first_use(program, forward, step.of))
        taken[at] = taken.get(at, 0) + 1
        places[step.name], sizes[step.name] = (at, 1.0 - taken[at]), (format_shape(step.shape), "backward")
    others = [step for step in steps if step.name not in places]
    for i, step in enumerate(others):
        places[step.name], sizes[step.name] = (end + 1 + i, 0.0), (format_shape(step.shape), step.phase)
    places["X"], sizes["X"] = (0.0, 1.0), (format_shape(program.inputs["X"]), "input")
    return places, sizes


def first_use(program: Program, forward: list[Step], parameter: str) -> float:
    """The column of the step that uses a parameter."""
    return next((i + 1.0 for i, step in enumerate(forward) if parameter in names(step.expression)), 1.0)


def phase_style(on: Canvas, i: int) -> dict[str, Any]:
    return {"facecolor": on.look.paper, "edgecolor": on.look.colours[i % 6], "linestyle": ("-", ":", "--")[i % 3],
            "linewidth": 1.6}  # fmt: skip


def step_box(on: Canvas, name: str, x: float, y: float, shape: str, phase: str) -> None:
    i = {"forward": 0, "loss": 1, "backward": 2}.get(phase, 5)
    style = phase_style(on, i) if phase != "input" else {"facecolor": on.look.faint, "edgecolor": on.look.ink}
    text = name if not shape else f"{name}\n{shape}"
    on.ax.text(x, y, text, ha="center", va="center", fontsize=8 * on.look.scale, color=on.look.ink, linespacing=1.25,
               zorder=3, bbox={"boxstyle": "round,pad=0.35", **style})  # fmt: skip


def arrow(on: Canvas, start: tuple[float, float], end: tuple[float, float]) -> None:
    far = abs(end[0] - start[0]) > 1.1 and end[1] == start[1]
    bend = 0.25 if far else 0.08
    on.ax.annotate("", end, start, zorder=1, arrowprops={
        "arrowstyle": "-|>", "color": on.look.ink, "alpha": 0.45, "linewidth": 0.9,
        "shrinkA": 16 * on.look.scale, "shrinkB": 16 * on.look.scale,
        "connectionstyle": f"arc3,rad={bend}",
    })  # fmt: skip


@drawing
def health(on: Canvas, run: Any, what: str = "slope") -> None:
    """How fit the layers are in the course of training.

    run     trained with `callbacks=[cr.WeightHistory()]`
    what    slope: the mean slope of each layer's activation, over its largest; saturated: the share of (unit, row)
            pairs with a slope below a tenth of that; gradient: the norm of each layer's gradient of the weights
    """
    if what not in ("slope", "saturated", "gradient"):
        raise ValueError(f"unknown '{what}'; known: slope, saturated, gradient")
    kept = watched(run)
    rows = slice(0, 1_000)
    program = run.program
    weights = {"sample_weight": run.inputs["sample_weight"][rows, 0]} if "sample_weight" in run.inputs else {}
    table: dict[str, list[float]] = {}
    for parameters in kept.parameters:
        values = trace(program, run.X[rows], run.y[rows], parameters, dtype="float64", **weights)
        for name, value in values.items():
            found = measured(what, name, value)
            if found is not None:
                table.setdefault(name, []).append(found)
    if not table:
        raise ValueError(f"this program has no {what} to show: no layer has a curved activation")
    peak = {name: largest_slope(course) for name, course in table.items()}
    for i, (name, course) in enumerate(sorted(table.items())):
        shown = np.array(course) / (peak[name] if what == "slope" else 1)
        on.ax.plot(kept.epochs, shown, label=name, **on.look.marked(i, len(shown)))
    if what == "gradient":
        on.ax.set_yscale("log")
    else:
        on.ax.set_ylim(-0.03, 1.03)
    on.titles(on.look.say(f"health_{what}"), on.look.say("epoch"), on.look.say(f"health_{what}_axis"))
    on.legend()


def largest_slope(values: list[float]) -> float:
    """The largest slope of sigmoid is 1/4, of most others 1."""
    return 0.25 if max(values) <= 0.25 else max(1.0, max(values))


def measured(what: str, name: str, value: Any) -> float | None:
    if what == "gradient":
        return float(np.linalg.norm(value)) if name.startswith("dW") else None
    if not name.startswith("slope"):
        return None
    peak = 0.25 if float(value.max()) <= 0.25 else 1.0
    return float(value.mean()) if what == "slope" else float((abs(value) < SATURATED * peak).mean())


@drawing
def contributions(
    on: Canvas, program: Program, X: Any, y: Any, parameters: Any = None, layer: int = 1, unit: int = 0,
    columns: Any = None,
) -> None:  # fmt: skip
    """What each sample contributes to the gradient of each weight of one unit: input x delta, sample by sample.

    layer       counts Dense layers from 1; unit from 0
    columns     names of the inputs of that layer
    """
    values = trace(program, X, y, parameters)
    delta = values.get(f"delta{layer}")
    if delta is None or not 0 <= unit < delta.shape[1]:
        known = ", ".join(name for name in values if name.startswith("delta"))
        raise ValueError(f"there is no unit {unit} in layer {layer}; the program has {known}")
    inputs = layer_input(values, X, layer)
    table = inputs * delta[:, unit : unit + 1]
    order = np.sort(np.argsort(-abs(table).sum(axis=1), kind="stable")[:MOST_ROWS])
    shown = table[order][:, :MOST_BARS]
    limit = float(abs(shown).max()) or 1.0
    image = on.ax.imshow(shown, cmap="PuOr", vmin=-limit, vmax=limit, aspect="auto")
    if shown.size <= 80:
        for (i, j), value in np.ndenumerate(shown):
            on.ax.text(j, i, f"{value:+.2g}" if value else "0", ha="center", va="center", fontsize=8 * on.look.scale,
                       color="#111111" if abs(value) < 0.6 * limit else "#ffffff")  # fmt: skip
    on.ax.grid(visible=False)
    labels = [str(name) for name in columns] if columns is not None else [f"{i}" for i in range(inputs.shape[1])]
    on.ax.set_xticks(range(shown.shape[1]), labels[: shown.shape[1]], rotation=45 if max(map(len, labels)) > 3 else 0)
    on.ax.set_yticks(range(len(order)), [str(i + 1) for i in order])
    colours = on.ax.figure.colorbar(image, ax=on.ax)
    colours.outline.set_visible(False)
    title = on.look.say("contributions_title", weights=f"W{layer}[:,{unit}]")
    on.titles(title, on.look.say("input"), on.look.say("row"))


def layer_input(values: Any, X: Any, layer: int) -> Any:
    """What the weights of a layer are multiplied with."""
    if layer == 1:
        return np.asarray(X, dtype=float)
    for letter in ("h", "a", "s", "z"):
        if f"{letter}{layer - 1}" in values:
            return values[f"{letter}{layer - 1}"]
    raise ValueError(f"layer {layer} has no input that the program names")


@drawing
def correlation(
    on: Canvas, program: Program, X: Any, y: Any, parameters: Any = None, output: int = 0, columns: Any = None
) -> None:
    """How each column of X, each hidden unit and each output correlates with a column of y."""
    values = trace(program, X, y, parameters)
    X = np.asarray(X, dtype=float)
    named = [str(name) for name in columns] if columns is not None else [f"X[{i}]" for i in range(X.shape[1])]
    target = target_of(values, program, y, output)
    groups: list[tuple[str, Any, list[str]]] = [("column", X, named)]
    for name, value in values.items():
        if name[0] in "ap" and name.rstrip("0123456789_") in ("a", "p") and value.ndim == 2:
            groups.append((name, value, [f"{name}[{i}]" for i in range(value.shape[1])]))
    labels: list[str] = []
    for i, (name, table, inner) in enumerate(groups):
        shown = [(label, correlated(table[:, j], target)) for j, label in enumerate(inner)]
        if len(shown) > MOST_BARS // len(groups):
            shown = sorted(shown, key=lambda pair: -abs(pair[1]))[: max(3, MOST_BARS // len(groups))]
        at = np.arange(len(labels), len(labels) + len(shown))
        heading = on.look.say("column") if name == "column" else name
        on.ax.barh(at, [value for _, value in shown], height=0.75, label=heading, **on.look.bar(i))
        labels += [label for label, _ in shown]
    on.ax.set_yticks(
        range(len(labels)), [label[:24] for label in labels], fontsize=(8 if len(labels) > 12 else 10) * on.look.scale
    )
    on.ax.invert_yaxis()
    on.ax.set_xlim(-1.05, 1.05)
    on.ax.axvline(0, color=on.look.ink, linewidth=0.8)
    on.titles(on.look.say("correlation_title"), on.look.say("correlation_axis"))
    on.legend()


def target_of(values: Any, program: Program, y: Any, output: int) -> Any:
    from ..training.inputs import check_data

    width = int(program.inputs["X"][1])
    rows = len(np.asarray(y))
    _, target = check_data(program, np.zeros((rows, width)), y, "float64")
    if not 0 <= output < target.shape[1]:
        raise ValueError(f"there is no output {output}; y has {target.shape[1]} columns, counted from 0")
    return target[:, output]


def correlated(one: Any, other: Any) -> float:
    """Pearson's correlation; 0 where one of them does not vary."""
    if np.std(one) == 0 or np.std(other) == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
