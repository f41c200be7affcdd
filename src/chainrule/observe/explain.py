"""explain: the chain rule for one weight and one sample, written out with its numbers, from the loss to the update.

    print(cr.explain(program, X, y, weights, weight="W1[0,2]", sample=1))

    update of W1[0,2] = input x delta     X[1,0] * delta1[1,2]    = 1 * 0.0034 = 0.0034
    delta1[1,2] = error1 * slope1         ...                     and so on, down to the loss

Every number is one of the trace's. What a sample contributes to the gradient of a weight is checked against the
derivative of the loss by that very weight, moved for that sample alone: by a complex step where every op allows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from ..engines.engine import Array, Arrays
from ..engines.reference import evaluate
from ..messages import say
from ..program.expr import Call, Expr, Name, Number, call, names, walk
from ..program.reverse import expand
from ..program.steps import Program, Step, Update
from ..program.text import to_text
from ..training.inputs import check_program, check_whole
from .gradients import CENTRAL_STEP, COMPLEX_STEP
from .trace import starting, step_inputs, trace

SHOWN = 4  # terms of a sum, and elements of one value, that are written out: those that weigh most
DIGITS = 6
TOLERANCE = 1e-7


@dataclass(frozen=True)
class Line:
    """One element of one step: `delta1[1,2] = error1 * slope1 = 0.5 * 0.2 = 0.1`.

    note        the key of the catalogue that says what the value is
    """

    target: str
    formula: str
    numbers: str
    value: float
    note: str = ""


@dataclass(frozen=True)
class Explanation:
    """Why a weight moves, as one sample sees it.

    lines           from the gradient back to the loss
    contribution    of this sample to the gradient of the weight
    measured        the derivative of the declared loss by the weight, moved for this sample alone
    method          how that was measured
    gradient        the whole gradient of the weight: all samples, and the penalty where there is one
    before, after   the weight, and what one step of the optimizer makes of it
    """

    weight: str
    sample: int
    samples: int
    lines: tuple[Line, ...]
    contribution: float
    measured: float
    method: str
    gradient: float
    gradient_name: str
    before: float
    after: float
    edited: tuple[str, ...] = ()

    @property
    def deviation(self) -> float:
        """How far the contribution is from what was measured, relative to the larger; both below 1e-12 count as 0."""
        largest = max(abs(self.contribution), abs(self.measured), 1e-12)
        return abs(self.contribution - self.measured) / largest

    @property
    def agrees(self) -> bool:
        """Whether the chain rule and the measurement agree to 1e-7."""
        return bool(abs(self.contribution - self.measured) <= TOLERANCE * max(1.0, abs(self.measured)))

    def verdict(self, language: str = "en") -> str:
        key = "agrees" if self.agrees else "edited" if self.edited else "differs"
        measured, method = short(self.measured), say(f"explain.{self.method}", language)
        return say(f"explain.{key}", language, measured=measured, method=method, edited=", ".join(self.edited))

    def paragraphs(self, language: str = "en") -> Iterator[str]:
        """The text around the lines: a heading, what comes after."""
        yield say("explain.heading", language, weight=self.weight, sample=self.sample)
        yield say("explain.share", language, value=short(self.contribution))
        yield self.verdict(language)
        yield say(
            "explain.whole", language, name=self.gradient_name, samples=self.samples, gradient=short(self.gradient)
        )  # fmt: skip
        yield say("explain.moves", language, weight=self.weight, before=short(self.before), after=short(self.after))

    def text(self, language: str = "en") -> str:
        heading, *rest = self.paragraphs(language)
        width = max(len(line.target) for line in self.lines)
        lines = [heading, ""]
        for line in self.lines:
            lines.append(f"  {line.target:<{width}} = {line.formula}")
            shown = "" if line.numbers in (line.formula, short(line.value)) else f" = {line.numbers}"
            lines.append(f"  {'':<{width}}{shown} = {short(line.value)}")
        return "\n".join([*lines, "", *rest])

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        heading, *rest = self.paragraphs()
        rows = "".join(
            f"<tr><td><code>{escape(r.target)}</code></td><td><code>{escape(r.formula)}</code></td>"
            f"<td><code>{escape(r.numbers)}</code></td><td>{short(r.value)}</td></tr>"
            for r in self.lines
        )
        after = "".join(f"<p>{escape(text)}</p>" for text in rest)
        return f"<p><b>{escape(heading)}</b></p><table>{rows}</table>{after}"


def short(value: float) -> str:
    """A number in six digits."""
    return f"{value:.{DIGITS}g}"


def explain(
    program: Program,
    X: Any,
    y: Any,
    parameters: Mapping[str, Any] | None = None,
    *,
    weight: str = "W1[0,0]",
    sample: int = 0,
    seed: int = 0,
    state: Mapping[str, Any] | None = None,
    masks: Mapping[str, Any] | None = None,
    sample_weight: Any = None,
    t: int = 1,
) -> Explanation:
    """Why one weight moves, as one sample sees it: input x delta, delta as error x slope, ... down to the loss.

    X, y            (N, D) and (N, K): the batch; in a batch every sample has its share of the gradient
    parameters      name -> array; None starts as a training with this seed would
    weight          an element of a weight or bias, "W1[0,2]" or "b1[2]", counted from 0
    sample          a row of X, counted from 0

    Raises
        ValueError: no such weight or sample, a weight that is not trained, arrays that do not fit.
    """
    full = check_program(program).full
    name, place = find_weight(full, weight)
    inputs = step_inputs(full, X, y, "float64", sample_weight, masks)
    rows = len(inputs["X"])
    if check_whole("sample", sample, 0) >= rows:
        raise ValueError(f"sample {sample}: there are {rows} rows, counted from 0")
    given, slots = starting(full, parameters, "float64", seed, state)
    values: dict[str, Any] = dict(
        trace(full, X, y, given, engine="reference", state=slots, masks=masks, sample_weight=sample_weight, t=t)
    )
    values = {"N": rows, "t": t, **full.hyperparameters, **inputs, **given, **slots, **values}
    teller = Teller(full, values)
    gradient = next(s for s in full.steps if isinstance(s, Step) and s.of == name)
    first, share = teller.share(gradient, place, sample)
    measured, method = measure(full, inputs, given, slots, t, name, place, sample)
    before = float(given[name][place])
    return Explanation(
        f"{name}[{','.join(map(str, place))}]",
        sample,
        rows,
        (first, *teller.lines()),
        share,
        measured,
        method,
        float(np.asarray(values[gradient.name])[place]),
        f"{gradient.name}[{','.join(map(str, place))}]",
        before,
        updated(full, values, name, place),
        full.edited,
    )


def find_weight(program: Program, text: str) -> tuple[str, tuple[int, ...]]:
    """`W1[0,2]` as a name and a place.  ValueError: what is wrong, and what there is."""
    match = re.fullmatch(r"\s*(\w{1,40})\s*\[\s*(\d{1,9})\s*(?:(?:,|\]\s*\[)\s*(\d{1,9})\s*)?\]\s*", text)
    known = ", ".join(
        f"{n}[{','.join(str(int(d) - 1) for d in v.shape)}]" for n, v in program.parameters.items() if v.shape
    )
    if match is None:
        raise ValueError(f"weight {text[:60]!r}: write a name and a place counted from 0, as in W1[0,2]; up to {known}")
    name, place = match[1], tuple(int(group) for group in match.groups()[1:] if group is not None)
    variable = program.parameters.get(name)
    if variable is None or not variable.shape:
        raise ValueError(f"there is no weight {name}; there is {known}")
    if len(place) != len(variable.shape) or any(i >= int(n) for i, n in zip(place, variable.shape, strict=True)):
        raise ValueError(
            f"{text.strip()}: {name} goes up to {name}[{','.join(str(int(n) - 1) for n in variable.shape)}]"
        )
    if not variable.trainable:
        raise ValueError(f"{name} is not trained: its layer has trainable=False")
    return name, place


def updated(program: Program, values: Mapping[str, Any], name: str, place: tuple[int, ...]) -> float:
    """The weight after one step of the optimizer."""
    bound = dict(values)
    update = next(step for step in program.steps if isinstance(step, Update) and step.name == name)
    for target, expression in update.assignments:
        bound[target] = evaluate(expression, bound)
    return float(bound[name][place])


# --- what is measured ----------------------------------------------------------------------------------------------


def measure(
    program: Program, inputs: Arrays, given: Arrays, state: Arrays, t: int, name: str, place: tuple[int, ...], row: int
) -> tuple[float, str]:
    """The derivative of the declared loss by one element of a parameter that only one row sees moved."""
    original = program.declaration.derive().full if program.edited else program
    steps = [s for s in original.steps if isinstance(s, Step) and s.phase in ("forward", "loss")]
    analytic = all(n.row.analytic for s in steps for n in walk(s.expression) if isinstance(n, Call))
    penalised = {"loss"} if original.loss == "loss" else set()

    def loss(moved: Array) -> Any:
        values: dict[str, Any] = {"N": len(inputs["X"]), "t": t, **original.hyperparameters, **inputs, **given, **state}
        with np.errstate(all="ignore"):
            for step in steps:
                if step.name in penalised:  # the penalty is no sample's
                    continue
                value = evaluate(step.expression, values)
                if name in names(step.expression):
                    other = evaluate(step.expression, {**values, name: moved})
                    value = np.array(value, dtype=other.dtype)
                    value[row] = other[row]
                values[step.name] = value
        return values["data_loss"]

    if analytic:
        moved = given[name].astype(complex)
        moved[place] += 1j * COMPLEX_STEP
        return float(np.imag(loss(moved))) / COMPLEX_STEP, "complex"
    step = CENTRAL_STEP * max(1.0, abs(float(given[name][place])))
    sides = []
    for change in (step, -step):
        moved = given[name].copy()
        moved[place] += change
        sides.append(float(loss(moved)))
    return (sides[0] - sides[1]) / (2 * step), "central"


# --- what is told --------------------------------------------------------------------------------------------------


class Teller:
    """Writes elements of steps with their numbers, and remembers which to write next."""

    def __init__(self, program: Program, values: Mapping[str, Any]) -> None:
        self.values = values
        self.steps = {s.name: s for s in program.steps if isinstance(s, Step)}
        self.wanted: dict[str, dict[tuple[int, ...], None]] = {}

    def share(self, gradient: Step, place: tuple[int, ...], row: int) -> tuple[Line, float]:
        """What one row adds to a gradient: input x delta."""
        for node in walk(expand(gradient.expression)):
            if not isinstance(node, Call):
                continue
            if node.op == "matmul" and isinstance(node.args[0], Call) and node.args[0].op == "transpose":
                left, right = node.args[0].args[0], node.args[1]
                x, d = self.at(left, (row, place[0])), self.at(right, (row, place[1]))
                parts = [self.shown(left, (row, place[0])), self.shown(right, (row, place[1]))]
                value = x * d
                numbers = to_text(Number(rounded(x)) * Number(rounded(d)))
            elif node.op == "sum" and node.option("axis") == 0:
                inner = node.args[0]
                parts, value = [self.shown(inner, (row, *place))], self.at(inner, (row, *place))
                numbers = short(value)
            else:
                continue
            factor = self.factor(gradient.expression, node)
            label = f"{gradient.name}[{','.join(map(str, place))}]"
            return Line(label, " * ".join(parts), numbers, value * factor, gradient.note), value * factor
        raise ValueError(f"{gradient.name} = {to_text(gradient.expression)} is no sum over the samples")

    def factor(self, whole: Expr, node: Call) -> float:
        """What the sum over the rows is multiplied with in the gradient; 1 unless it was edited."""
        while isinstance(whole, Call) and whole != node:
            scalars = [a for a in whole.args if a.shape == ()]
            rest = [a for a in whole.args if a.shape != ()]
            if whole.op in ("multiply", "divide") and len(scalars) == 1 and len(rest) == 1:
                by = float(evaluate(scalars[0], self.values))
                return (by if whole.op == "multiply" else 1 / by) * self.factor(rest[0], node)
            whole = next((a for a in whole.args if node in list(walk(a))), node)
        return 1.0

    def shown(self, expr: Expr, place: tuple[int, ...]) -> str:
        """`delta1[1,2]`, which is written next."""
        if isinstance(expr, Name):
            if expr.name in self.steps:
                self.wanted.setdefault(expr.name, {})[place] = None
            return f"{expr.name}[{','.join(map(str, place))}]"
        for name in names(expr):
            self.want(Name(name, self.shape(name)), place)
        return f"({to_text(expr)})"

    def shape(self, name: str) -> tuple[int, ...]:
        return np.shape(self.values[name])

    def want(self, name: Name, place: tuple[int, ...]) -> None:
        """Notes an element to be written."""
        shape = self.shape(name.name)
        if name.name in self.steps and shape:
            own = place[len(place) - len(shape) :]
            self.wanted.setdefault(name.name, {})[
                tuple(0 if n == 1 else i for i, n in zip(own, shape, strict=True))
            ] = None

    def at(self, expr: Expr, place: tuple[int, ...]) -> float:
        """The value of an expression at a place."""
        value = np.asarray(evaluate(expr, self.values), dtype=float)
        own = place[len(place) - value.ndim :] if value.ndim else ()
        return float(value[tuple(0 if n == 1 else i for i, n in zip(own, value.shape, strict=True))])

    def lines(self) -> Iterator[Line]:
        """The elements that were asked for, and those that they ask for, from the last step to the first."""
        for name, step in reversed(list(self.steps.items())):
            if name not in self.wanted:
                continue
            places = sorted(self.wanted[name], key=lambda place: -abs(self.at(Name(name, step.shape), place)))
            for place in places[:SHOWN]:
                label = f"{name}[{','.join(map(str, place))}]"
                numbers = self.numbers(step.expression, place)
                yield Line(label, to_text(step.expression), numbers, self.at(Name(name, step.shape), place), step.note)
                if step.phase == "backward":
                    self.ask(step.expression, place)

    def ask(self, expr: Expr, place: tuple[int, ...]) -> None:
        """Notes what an element of a backward step is made of: errors, slopes, deltas, and the values of this row."""
        if isinstance(expr, Name):
            self.want(expr, place)
        elif isinstance(expr, Call) and expr.op == "matmul":
            for k in self.heaviest(expr, place)[0]:
                self.ask(expr.args[0], (place[0], k))
        elif isinstance(expr, Call) and (expr.row.elementwise or expr.op == "full_like"):
            for arg in expr.args:
                self.ask(arg, place)

    def heaviest(self, product: Call, place: tuple[int, ...]) -> tuple[list[int], Array, Array]:
        """Which terms of a sum of products weigh most, and all factors."""
        left = np.asarray(evaluate(product.args[0], self.values), dtype=float)[place[0]]
        right = np.asarray(evaluate(product.args[1], self.values), dtype=float)[:, place[1]]
        order = np.argsort(-abs(left * right), kind="stable")[:SHOWN]
        return sorted(int(k) for k in order), left, right

    def numbers(self, expr: Expr, place: tuple[int, ...]) -> str:
        """The expression at one element, with numbers in the place of names."""
        rest: list[int] = []

        def change(node: Expr) -> Expr:
            if isinstance(node, Number) or (node.shape == () and isinstance(node, Call) and not node.leaves):
                return node
            if isinstance(node, Call) and node.op == "matmul":
                chosen, left, right = self.heaviest(node, place)
                total: Expr | None = None
                for k in chosen:
                    term = Number(rounded(left[k])) * Number(rounded(right[k]))
                    total = term if total is None else total + term
                if len(left) > len(chosen):
                    others = float((left * right).sum() - sum(left[k] * right[k] for k in chosen))
                    rest.append(len(left) - len(chosen))
                    assert total is not None
                    total = total + Number(rounded(others))
                assert total is not None
                return total
            if isinstance(node, Call) and node.row.elementwise:
                return call(node.op, *(change(arg) for arg in node.args))
            return Number(rounded(self.at(node, place)))

        text = to_text(change(expr))
        return f"{text} (+{sum(rest)})" if rest else text


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def contributions(
    program: Program,
    X: Any,
    y: Any,
    parameters: Mapping[str, Any] | None = None,
    *,
    layer: int = 1,
    block: int = 256,
    seed: int = 0,
    **given: Any,
) -> Iterator[tuple[int, Array]]:
    """What every sample contributes to the gradient of every weight of one layer: input x delta, in blocks of rows.

    Yields (first row, array (rows, D, M)); summed over all rows it is dW, less the penalty's share. `given` is what
    `trace` takes besides.

    Raises
        ValueError: no such layer, or one that is not trained.
    """
    from .observations import layers_of

    check_whole("block", block, 1)
    found = {one.number: one for one in layers_of(check_program(program))}
    if layer not in found:
        raise ValueError(f"there is no layer {layer}; there is {', '.join(map(str, found))}")
    values = trace(program, X, y, parameters, seed=seed, **given)
    steps = [s for s in program.full.steps if isinstance(s, Step)]
    product = next(s.name for s in steps if found[layer].weights.name in names(s.expression))
    delta = next((s.name for s in steps if s.of == product and s.phase == "backward" and s.note != "slope"), None)
    if delta is None:
        raise ValueError(f"layer {layer} is not trained: it has no delta")
    source = found[layer].source.name
    inputs = values[source] if source in values else step_inputs(program.full, X, y, "float64")[source]
    for start in range(0, len(inputs), block):
        rows = slice(start, start + block)
        yield start, inputs[rows][:, :, None] * values[delta][rows][:, None, :]


__all__ = ["Explanation", "Line", "contributions", "explain"]
