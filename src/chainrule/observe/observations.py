"""Observations: numbers about a training step, as steps of the program itself.

    seen = cr.observed(program)                      # a Program like any other, with steps in the phase `observe`
    seen.source("javascript")                       # they are written in every language ...
    cr.trace(seen, X, y, weights)["correlation1"]   # ... and have the same value on every engine

`observed` appends them to a program on request, after the backward and before the update phase, from the named steps
that are there already, edited ones included. Whatever shows a number of a run (report, plots, lab, diagnosis) reads it
from such a program, and computes none of its own. `OBSERVATIONS` is the table of what there is:

    per Dense layer i, for its M units and its weights W (D, M); layer 0 is the input
        slope{i}            (N, M)  slope of the activation, where the backward phase does not name it already
        slope_mean{i}       (M,)    mean |slope| of each unit over the rows: how ready it is to learn
        slope_largest{i}    (M,)    its largest |slope| over the rows
        saturated{i}        (M,)    share of rows on which the unit is flat: |slope| below 5 % of the largest there is
        saturated_share{i}  ()      the mean of that over all units
        off{i}              (M,)    share of rows on which a relu or its like is off: its slope is zero
        dead{i}             (M,)    1 where the slope is zero on every row, else 0; of relu and its like
        dead_share{i}       ()      share of such units
        delta_size{i}       ()      root mean square of delta
        gradient_norm{i}    ()      length of dW
        weight_norm{i}      ()      length of W
        update_norm{i}      ()      length of the change that the optimizer is about to make to W
        update_ratio{i}     ()      update_norm / weight_norm
        unit_spread{i}      ()      how far the units' incoming weights differ, relative to their size; 0: all alike
        contribution{i}     (D, M)  sum over the rows of |input x delta|: how hard the samples pull at each weight
        correlation{i}      (M, K)  Pearson's correlation of each unit with each target; of each column of X for i = 0
    of the network
        input_size          (D,)    root mean square of each column of X
        confidence          (N, 1)  of an output that is a probability: its distance from undecided, 0 to 1
        mean_confidence     ()      the mean of that
        absolute_error      ()      mean |output - y|
        relative_error      ()      that beside the mean |mean of y - y|: 1 is no better than a constant answer
        target_mean, output_mean    (K,) the mean of each target and of each output over the rows

A layer that lacks something (no slope where there is no activation, no gradient where nothing is trained) lacks what
follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ..program.condense import condense
from ..program.expr import Call, Expr, Name, Number, call, is_elementwise, names, substitute, walk
from ..program.reverse import differentiate
from ..program.simplify import simplify
from ..program.steps import Program, Step, Update
from ..program.text import parse
from ..program.verify import verify

FLAT = 0.05  # of the largest slope that an activation has: below, a unit is called saturated
LARGEST_SLOPE = {"sigmoid": 0.25}  # of every other activation about 1
TINY = "1e-6"  # a column that varies less is constant

OBSERVATIONS: dict[str, tuple[str, ...]] = {
    "slopes": ("slope", "slope_mean", "slope_largest", "saturated", "saturated_share", "off", "dead", "dead_share"),
    "gradients": ("delta_size", "gradient_norm", "weight_norm", "update_norm", "update_ratio", "unit_spread"),
    "contributions": ("contribution",),
    "correlation": ("centred", "standard", "correlation"),
    "output": ("confidence", "mean_confidence", "absolute_error", "target_mean", "relative_error", "output_mean"),
    "input": ("input_size",),
}


@dataclass(frozen=True)
class Layer:
    """One Dense layer as the steps of a program have it.

    source      what its weights are multiplied with, (N, D)
    output      its last value, (N, M): the activation, or z where there is none
    slope       the slope of its activation, as an expression; None where it has none
    flat        below which |slope| a unit is saturated; 0 where the activation has no flat end
    dies        whether its slope can be zero for good
    """

    number: int
    weights: Name
    source: Name
    before: Name
    output: Name
    activation: str
    slope: Name | None
    new_slope: Expr | None
    flat: float
    dies: bool

    @property
    def units(self) -> int:
        return int(self.weights.shape[1])


def layers_of(program: Program) -> list[Layer]:
    """The Dense layers of a program, in order."""
    full = program.full
    forward = [s for s in full.steps if isinstance(s, Step) and s.phase == "forward"]
    shared = {s.name: s.expression for s in forward if s.note == "shared"}
    slopes = {s.of: s for s in full.steps if isinstance(s, Step) and s.note == "slope"}
    found = []
    for step in forward:
        product = next((n for n in walk(step.expression) if isinstance(n, Call) and n.op == "matmul"), None)
        if product is None or not (isinstance(product.args[1], Name) and product.args[1].name in full.parameters):
            continue
        source = product.args[0]
        assert isinstance(source, Name)
        own = [s for s in forward if s.number == step.number and s.shape == step.shape and s.note != "shared"]
        active = next((s for s in own if s.note in ("activation", "output", "probability")), None)
        before, output = Name(step.name, step.shape), Name((active or own[-1]).name, step.shape)
        slope: Name | None = None
        new: Expr | None = None
        op = ""
        if active is not None:
            expression = active.expression
            op = expression.op if isinstance(expression, Call) else ""
            argument = next((n for n in reversed(own) if n.name in names(substitute(expression, shared))), None)
            if argument is not None:
                before = Name(argument.name, argument.shape)
                if argument.name in slopes:
                    slope = Name(slopes[argument.name].name, step.shape)
                else:
                    plain = substitute(expression, shared)
                    new = differentiate(plain, before, output if plain == expression else None)
                    if new == Number(0.0) or not is_elementwise(plain) or new.shape != step.shape:
                        new = None
                    else:
                        slope = Name(f"slope{step.number}", step.shape)
        derivative = slopes[before.name].expression if before.name in slopes else new
        dies = isinstance(derivative, Call) and derivative.op in ("greater", "greater_equal", "less", "less_equal")
        flat = 0.0 if dies or op == "leaky_relu" or slope is None else FLAT * LARGEST_SLOPE.get(op, 1.0)
        found.append(Layer(step.number, product.args[1], source, before, output, op, slope, new, flat, dies))
    return found


class Observing:
    """One program while observations are appended to it."""

    def __init__(self, program: Program) -> None:
        self.full = program.full
        self.environment: dict[str, Name] = dict(self.full.environment)
        self.steps: list[Step] = []

    def add(self, name: str, formula: str | Expr, note: str, number: int = 0, of: str = "", **bound: Expr) -> None:
        """A step; the formula may use every name of the program and those bound."""
        if name in self.environment:
            return
        expression = parse(formula, {**self.environment, **bound}) if isinstance(formula, str) else formula
        self.steps.append(Step(name, simplify(expression), "observe", note, number, of))
        self.environment[name] = Name(name, expression.shape)

    def slopes(self, layer: Layer) -> None:
        i = layer.number
        if layer.slope is None:
            return
        if layer.new_slope is not None:
            self.add(layer.slope.name, layer.new_slope, "slope", i, layer.before.name)
        slope = layer.slope
        size = "slope" if layer.dies or layer.activation in ("sigmoid", "tanh", "elu", "softplus") else "abs(slope)"
        self.add(f"slope_mean{i}", f"({size}).mean(axis=0)", "slope_mean", i, slope=slope)
        self.add(f"slope_largest{i}", f"({size}).max(axis=0)", "slope_largest", i, slope=slope)
        if layer.flat:
            self.add(f"saturated{i}", f"({size} < {layer.flat}).mean(axis=0)", "saturated", i, slope=slope)
            self.add(f"saturated_share{i}", f"saturated{i}.mean()", "saturated_share", i)
        if layer.dies:
            self.add(f"off{i}", f"1 - slope_mean{i}", "off", i)
            self.add(f"dead{i}", f"where(slope_largest{i} > 0, 0, 1)", "dead", i)
            self.add(f"dead_share{i}", f"dead{i}.mean()", "dead_share", i)

    def gradients(self, layer: Layer) -> None:
        i, weights = layer.number, layer.weights
        gradient = next((s for s in self.full.steps if isinstance(s, Step) and s.of == weights.name), None)
        delta = self.delta(layer)
        if delta is not None:
            self.add(f"delta_size{i}", "sqrt((delta**2).mean())", "delta_size", i, delta=delta)
        if gradient is not None:
            dW = Name(gradient.name, gradient.shape)
            self.add(f"gradient_norm{i}", "sqrt((dW**2).sum())", "gradient_norm_layer", i, dW=dW)
        self.add(f"weight_norm{i}", "sqrt((W**2).sum())", "weight_norm", i, W=weights)
        update = next((s for s in self.full.steps if isinstance(s, Update) and s.name == weights.name), None)
        if update is not None:
            change = self.change(update)
            self.add(f"update_norm{i}", call("sqrt", (change**2).sum()), "update_norm", i)
            formula = f"update_norm{i} / maximum(weight_norm{i}, {TINY})"
            self.add(f"update_ratio{i}", formula, "update_ratio", i)
        if layer.units > 1:
            self.add(f"unit_mean{i}", "W.mean(axis=1, keepdims=True)", "unit_mean", i, W=weights)
            formula = f"sqrt(((W - unit_mean{i})**2).sum()) / maximum(weight_norm{i}, {TINY})"
            self.add(f"unit_spread{i}", formula, "unit_spread", i, W=weights)

    def delta(self, layer: Layer) -> Name | None:
        """dL/dz of a layer's product with its weights."""
        steps = [step for step in self.full.steps if isinstance(step, Step)]
        product = next(step for step in steps if layer.weights.name in names(step.expression))
        adjoints = [s for s in steps if s.of == product.name and s.phase == "backward" and s.note != "slope"]
        return Name(adjoints[0].name, adjoints[0].shape) if adjoints else None

    def change(self, update: Update) -> Expr:
        """What an update adds to its parameter, the scalars of the optimizer in their place."""
        scalars = {s.name: s.expression for s in self.full.phase("update") if isinstance(s, Step)}
        after: dict[str, Expr] = {}
        for target, expression in update.assignments:
            after[target] = substitute(expression, after)
        expression = after[update.name]
        while found := [name for name in names(expression) if name in scalars]:
            expression = substitute(expression, {name: scalars[name] for name in found})
        weights = Name(update.name, update.shape)
        if isinstance(expression, Call) and expression.op in ("subtract", "add") and expression.args[0] == weights:
            return expression.args[1]  # the sign makes no difference to its length
        return expression - weights

    def contributions(self, layer: Layer) -> None:
        delta = self.delta(layer)
        if delta is not None:
            formula = "abs(x).T @ abs(delta)"
            self.add(f"contribution{layer.number}", formula, "contribution", layer.number, x=layer.source, delta=delta)

    def correlation(self, layer: Layer | None, target: str = "") -> None:
        """Of a layer's units with y; of the columns of X where there is no layer."""
        values = [("y", "_y", 0)] if layer is None else []
        values.append(("X", "0", 0) if layer is None else (layer.output.name, str(layer.number), layer.number))
        for name, suffix, number in values:
            self.add(f"centred{suffix}", "x - x.mean(axis=0)", "centred", number, x=self.environment[name])
            deviation = f"maximum(sqrt((centred{suffix}**2).mean(axis=0)), {TINY})"
            self.add(f"spread{suffix}", deviation, "spread", number)
            self.add(f"standard{suffix}", f"centred{suffix} / spread{suffix}", "standard", number)
        suffix, number = values[-1][1:]
        self.add(f"correlation{suffix}", f"(standard{suffix}.T @ standard_y) / N", "correlation", number)

    def output(self, layer: Layer) -> None:
        p = self.environment[self.full.prediction]
        if self.full.probability == "row":
            units = layer.units
            formula = f"(p.max(axis=1, keepdims=True) - {1 / units!r}) * {units / (units - 1)!r}"
            self.add("confidence", formula, "confidence", p=p)
        elif self.full.probability == "element":
            self.add("confidence", "abs(2 * p - 1).mean(axis=1, keepdims=True)", "confidence", p=p)
        if "confidence" in self.environment:
            self.add("mean_confidence", "confidence.mean()", "mean_confidence")
        self.add("absolute_error", "abs(p - y).mean()", "absolute_error", p=p)
        self.add("target_mean", "y.mean(axis=0)", "target_mean")
        self.add("relative_error", f"absolute_error / maximum(abs(y - target_mean).mean(), {TINY})", "relative_error")
        self.add("output_mean", "p.mean(axis=0)", "output_mean", p=p)


def check_groups(groups: Iterable[str]) -> tuple[str, ...]:
    """The groups themselves, or ValueError."""
    return check_observations(groups, single=False)


def check_observations(given: Iterable[str], *, single: bool = True) -> tuple[str, ...]:
    """Groups, or also single observations by their stem, themselves, or ValueError."""
    listed = (given,) if isinstance(given, str) else tuple(given)
    stems = [stem for group in OBSERVATIONS.values() for stem in group]
    for name in listed:
        if name not in OBSERVATIONS and not (single and name in stems):
            known = f"{', '.join(OBSERVATIONS)}{'; or of these ' + ', '.join(stems) if single else ''}"
            raise ValueError(f"unknown observations {str(name)[:40]!r}; known: {known}")
    return listed


def observed(program: Program, *groups: str) -> Program:
    """The program with observations appended, steps in the phase `observe`; nothing else about it changes.

    groups      of `OBSERVATIONS`: slopes, gradients, contributions, correlation, output, input; none given: all

    Raises
        ValueError: an unknown group.
    """
    chosen = check_groups(groups) or tuple(OBSERVATIONS)
    if program.full.phase("observe"):
        raise ValueError("this program is observed already; observe the one it was made from")
    observing, layers = Observing(program), layers_of(program)
    for group in OBSERVATIONS:
        if group not in chosen:
            continue
        if group == "input":
            observing.add("input_size", "sqrt((X**2).mean(axis=0))", "input_size")
        elif group == "output":
            observing.output(layers[-1])
        else:
            if group == "correlation":
                observing.correlation(None)
            for layer in layers:
                getattr(observing, group)(layer)
    full = program.full
    first = next(i for i, step in enumerate(full.steps) if step.phase == "update")
    steps = (*full.steps[:first], *observing.steps, *full.steps[first:])
    seen = verify(replace(full, steps=steps))
    return condense(seen) if program.unfolded else seen


def observation_names(program: Program, *chosen: str) -> tuple[str, ...]:
    """The names of the observations in an observed program, in order: all, or those of groups or stems."""
    stems = {stem for one in check_observations(chosen) for stem in OBSERVATIONS.get(one, (one,))}
    found = [step for step in program.full.phase("observe") if isinstance(step, Step)]
    return tuple(s.name for s in found if not chosen or s.name in stems or s.name.removesuffix(str(s.number)) in stems)


def needed(program: Program, wanted: Iterable[str]) -> Program:
    """A program with nothing but the steps that these values need, and its loss: to be looked at, not trained."""
    full = program.full
    names_needed, kept = {*wanted, program.loss}, list[Step | Update]()
    for step in reversed(full.steps):
        if not isinstance(step, Step):
            kept.append(step)
        elif step.name in names_needed:
            names_needed |= set(names(step.expression))
            kept.append(step)
    return replace(full, steps=tuple(reversed(kept)))


def numbered(program: Program, stem: str) -> Iterator[tuple[int, str]]:
    """(layer, name) of every observation of one kind: `slope_mean` -> (1, slope_mean1), (2, slope_mean2), ..."""
    for step in program.full.phase("observe"):
        if step.name == f"{stem}{step.number}":
            yield step.number, step.name


__all__ = ["OBSERVATIONS", "Layer", "layers_of", "numbered", "observation_names", "observed"]
