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

from ..engines.reference import evaluate
from ..messages import choose_language, say
from ..program.steps import Program, Step, Update
from ..training.inputs import check_program, check_whole
from .one_weight import measure
from .telling import Line, Teller, short
from .trace import starting, step_inputs, trace

TOLERANCE = 1e-7


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
        return self.text(choose_language())

    def _repr_html_(self) -> str:
        heading, *rest = self.paragraphs(choose_language())
        rows = "".join(
            f"<tr><td><code>{escape(r.target)}</code></td><td><code>{escape(r.formula)}</code></td>"
            f"<td><code>{escape(r.numbers)}</code></td><td>{short(r.value)}</td></tr>"
            for r in self.lines
        )
        after = "".join(f"<p>{escape(text)}</p>" for text in rest)
        return f"<p><b>{escape(heading)}</b></p><table>{rows}</table>{after}"


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


__all__ = ["Explanation", "Line", "explain"]
