"""Pictures of a network: its program as a graph, how fit its layers are, what contributes, what correlates with y."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engines import make_engine
from ..observe.landscape import watched
from ..observe.observations import LARGEST_SLOPE, layers_of, numbered, observed
from ..observe.trace import trace
from ..program.expr import names
from ..program.ops import format_shape
from ..program.steps import Program, Step, Update
from .style import Canvas, drawing

MOST_STEPS = 60
MOST_ROWS = 24
MOST_BARS = 30
PHASES = ("forward", "loss", "backward", "update")
MOST_TRACED = 1_000  # rows that are observed
HEALTH = {  # what is shown -> the group of observations, and their name
    "slope": ("slopes", "slope_mean"), "saturated": ("slopes", "saturated_share"),
    "gradient": ("gradients", "gradient_norm"),
}  # fmt: skip


@drawing
def program(on: Canvas, program: Program) -> None:
    """The steps of a program as a graph: forward from left to right, the loss, backward from right to left.

    Above a layer its statistics, below it what goes back through it, its gradients and what they change. A box holds
    the name and the shape of a step; an arrow leads to where it is used.
    """
    steps = [step for step in program.steps if isinstance(step, Step)]
    if len(steps) > MOST_STEPS:
        raise ValueError(f"a picture of {len(steps)} steps cannot be read; up to {MOST_STEPS} are drawn")
    places = laid_out(program, steps)
    boxes = {step.name: (step.name, *([format_shape(step.shape)] if step.shape else [])) for step in steps}
    boxes |= {"X": ("X", format_shape(program.inputs["X"]))} | changed_together(program)
    phases = {step.name: step.phase for step in steps}
    across, down = [x for x, _ in places.values()], [y for _, y in places.values()]
    on.ax.set_xlim(min(across) - 0.5, max(across) + 0.5)
    on.ax.set_ylim(min(down) - 0.5, max(down) + 0.5)
    size = fitting(on, list(boxes.values()), max(across) - min(across) + 1, max(down) - min(down) + 1)
    for step in steps:
        for name in names(step.expression):
            if name in places and name != step.name:
                arrow(on, places[name], places[step.name], size)
    for update in (s for s in program.steps if isinstance(s, Update) and s.name in program.parameters):
        for name in names(update.gradient) if update.gradient is not None else ():
            if phases.get(name) == "backward":
                arrow(on, places[name], places[f"update{update.number}"], size)
    for name, (x, y) in places.items():
        step_box(on, "\n".join(boxes[name]), x, y, phases.get(name, "input" if name == "X" else "update"), size)
    on.ax.set_axis_off()
    on.titles(on.look.say("program_title", title=program.declaration.network.notation))
    for i, phase in enumerate(PHASES):
        on.ax.bar(0, 0, width=0, label=on.look.say(f"phase.{phase}"), **phase_style(on, i))
    on.legend(loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=len(PHASES), fontsize=8 * on.look.scale)


def laid_out(program: Program, steps: list[Step]) -> dict[str, tuple[float, float]]:
    """Where each box stands: X at the left, a column for every forward step that has rows, the loss at the right."""
    places = {"X": (0.0, 0.0)}
    column: dict[str, float] = {}
    above = 0
    for step in (step for step in steps if step.phase == "forward"):
        if step.shape[:1] == ("N",):
            column[step.name] = len(column) + 1.0
            places[step.name], above = (column[step.name], 0.0), 0
        else:  # a statistic over all rows stands above the step that takes it
            above += 1
            places[step.name] = (len(column) + 1.0, float(above))
    end = len(column) + 1.0
    for i, step in enumerate(step for step in steps if step.phase == "loss"):
        places[step.name] = (end, float(i))
    below: dict[float, int] = {}
    order = [step.name for step in program.full.phase("forward")]
    for step in (step for step in steps if step.phase == "backward"):
        later = order[order.index(step.of) :] if step.of in order else []  # where it is folded away: into which step
        at = next((column[name] for name in later if name in column), None) or first_use(steps, step.of)
        below[at] = below.get(at, 0) + 1
        places[step.name] = (at, -float(below[at]))
    for name, (first, *_) in changed_together(program).items():
        at = first_use(steps, first)
        places[name] = (at, -1.0 - below.get(at, 0))
    for i, step in enumerate(step for step in steps if step.name not in places):
        places[step.name] = (end, -1.0 - i)
    return places


def first_use(steps: list[Step], parameter: str) -> float:
    """The column of the step that uses a parameter."""
    forward = [step for step in steps if step.phase == "forward" and step.shape[:1] == ("N",)]
    return next((i + 1.0 for i, step in enumerate(forward) if parameter in names(step.expression)), 1.0)


def changed_together(program: Program) -> dict[str, tuple[str, ...]]:
    """A box a layer: the parameters that its updates change."""
    found: dict[str, tuple[str, ...]] = {}
    for update in (s for s in program.steps if isinstance(s, Update) and s.name in program.parameters):
        found[f"update{update.number}"] = (*found.get(f"update{update.number}", ()), update.name)
    return found


def fitting(on: Canvas, boxes: list[tuple[str, ...]], columns: float, rows: float) -> float:
    """The size of the letters, in points, at which no box touches the next."""
    place, (width, height) = on.ax.get_position(), on.ax.figure.get_size_inches() * 72
    letters, lines = max(len(line) for box in boxes for line in box), (2 + max(map(len, boxes))) / 2
    wide, high = 1.2 * place.width * width / columns, 1.1 * place.height * height / rows
    return float(min(8 * on.look.scale, 0.92 * wide / (0.6 * letters + 0.8), 0.92 * high / (1.25 * lines + 0.9)))


def phase_style(on: Canvas, i: int) -> dict[str, Any]:
    return {"facecolor": on.look.paper, "edgecolor": on.look.colours[i % 6], "linestyle": ("-", ":", "--", "-.")[i % 4],
            "linewidth": 1.6 * on.look.scale}  # fmt: skip


def step_box(on: Canvas, text: str, x: float, y: float, phase: str, size: float) -> None:
    plain = {"facecolor": on.look.faint, "edgecolor": on.look.ink}
    style = phase_style(on, PHASES.index(phase)) if phase in PHASES else plain
    on.ax.text(x, y, text, ha="center", va="center", fontsize=size, color=on.look.ink, linespacing=1.2,
               zorder=3, bbox={"boxstyle": "round,pad=0.3", **style})  # fmt: skip


def arrow(on: Canvas, start: tuple[float, float], end: tuple[float, float], size: float) -> None:
    right, up = abs(end[0] - start[0]), abs(end[1] - start[1])
    far = min(right, up) == 0 and max(right, up) > 1.1  # it would run through other boxes
    on.ax.annotate("", end, start, zorder=1, arrowprops={
        "arrowstyle": "-|>", "color": on.look.ink, "alpha": 0.45, "linewidth": 0.9 * on.look.scale,
        "shrinkA": 2 * size, "shrinkB": 2 * size, "mutation_scale": 1.2 * size,
        "connectionstyle": f"arc3,rad={0.3 if far else 0.08}",
    })  # fmt: skip


@drawing
def health(on: Canvas, run: Any, what: str = "slope") -> None:
    """How fit the layers are in the course of training.

    run     trained with `callbacks=[cr.WeightHistory()]`
    what    slope: the mean slope of each layer's activation, over its largest; saturated: the share of (unit, row)
            pairs where it is flat; gradient: the norm of each layer's gradient; all as `cr.observed` defines them
    """
    if what not in HEALTH:
        raise ValueError(f"unknown '{what}'; known: {', '.join(HEALTH)}")
    kept = watched(run)
    group, stem = HEALTH[what]
    seen, activations = observed(run.program, group), named_layers(run.program)
    rows = slice(0, MOST_TRACED)
    weights = {"sample_weight": run.inputs["sample_weight"][rows, 0]} if "sample_weight" in run.inputs else {}
    tracer = make_engine(seen.full, "numpy", "float64")
    table: dict[int, list[float]] = {}
    for parameters in kept.parameters:
        values = trace(seen, run.X[rows], run.y[rows], parameters, engine=tracer, **weights)
        for i, name in numbered(seen, stem):
            scale = LARGEST_SLOPE.get(activations[i], 1.0) if what == "slope" else 1.0
            table.setdefault(i, []).append(float(np.mean(values[name])) / scale)
    if not table:
        raise ValueError(f"this program has no {what} to show: no layer has a curved activation")
    for i, course in sorted(table.items()):
        label = on.look.say("report.layer", number=i)
        on.ax.plot(kept.epochs, course, label=label, **on.look.marked(i - 1, len(course)))
    if what == "gradient":
        on.logarithmic("y")
    else:
        on.ax.set_ylim(-0.03, 1.03)
    on.titles(on.look.say(f"health_{what}"), on.look.say("epoch"), on.look.say(f"health_{what}_axis"))
    on.legend()


def named_layers(program: Program) -> dict[int, str]:
    """The activation of each Dense layer, by its number."""
    return {layer.number: layer.activation for layer in layers_of(program)}


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
    order = np.sort(np.argsort(-abs(table).sum(axis=1), kind="stable")[: on.lines(MOST_ROWS)])
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
    seen = observed(program, "correlation")
    values = trace(seen, X, y, parameters)
    found = {i: values[name] for i, name in numbered(seen, "correlation")}
    width = next(iter(found.values())).shape[1]
    if not 0 <= output < width:
        raise ValueError(f"there is no output {output}; y has {width} columns, counted from 0")
    groups: list[tuple[str, Any, list[str]]] = []
    for i, table in sorted(found.items()):
        if i == 0:
            inner = [str(name) for name in columns] if columns is not None else [f"X[{j}]" for j in range(len(table))]
            groups.append(("column", table[:, output], inner))
        else:
            name = next(layer.output.name for layer in layers_of(program) if layer.number == i)
            groups.append((name, table[:, output], [f"{name}[{j}]" for j in range(len(table))]))
    labels: list[str] = []
    for i, (name, table, inner) in enumerate(groups):
        shown = list(zip(inner, table.tolist(), strict=True))
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
    target = "y" if width == 1 else f"y[{output}]"
    on.titles(on.look.say("correlation_title", y=target), on.look.say("correlation_axis", y=target))
    on.legend_beside()
