"""The JavaScript that the page runs: the emitted program, and the emitted random numbers that it starts from.

Everything in it comes from the writers: the step, the initial weights and the order of the rows as `Training` draws
them, and the formulas of further inputs. The page holds no arithmetic of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..formulas.formula import Formula
from ..formulas.layers import Dense
from ..program.expr import Expr, Name, Number, names, substitute
from ..program.reverse import differentiate
from ..program.steps import Program, Step
from ..program.text import parse
from ..writers.javascript import MADE, JavaScriptWriter
from ..writers.javascript_script import DRAW, RANDOM, SAMPLE, SHUFFLE

FUNCTIONS = ("step", "predict", "evaluate", "trace")
PUBLIC = (*MADE, *FUNCTIONS, "initial", "drop", "inputs", "curves", "pull", "asked")


def module(program: Program, given: int = 1, formulas: Sequence[Expr] = (), columns: Sequence[str] = ()) -> str:
    """A classic script, one object `network`: from file:// no worker imports modules. The program's own functions, and

    initial(number, w)          initial weights from a seed
    shuffle(order)              the next order of the rows
    drop(keep, x, count)        a dropout mask
    inputs(N, R, X)             X (N, INPUTS) from rows R (N, given): as they are, and the formulas of them
    curves[number]              activation and slope of a layer, a(z) and slope(z), and delta(error, z) of one unit
                                of the output also error(a, y, N); where the loss takes the slope along, fused(a, y, N)
    pull(x, delta)              how hard one sample pulls at one weight
    asked(rate, x, delta)       the change of that weight that one sample asks for
    """
    writer = JavaScriptWriter(program)
    drawn = curves(program, writer)
    texts = [writer(formula) for formula in formulas]  # first: a formula may need a helper
    own = writer.composed(FUNCTIONS, "")
    helpers = [line for name in writer.helpers for line in writer.helper_texts[name] if f"function {name}(" not in own]
    pull = f"const pull = (x, delta) => {writer(Name('x') * Name('delta'))};\n"
    pull += f"const asked = (rate, x, delta) => {writer(-(Name('rate') * (Name('x') * Name('delta'))))};\n"
    drawing = [RANDOM, SAMPLE, DRAW, SHUFFLE, initial(writer), MASK]
    body = "\n".join([own, *helpers, *drawing, inputs(texts, given, columns), drawn, pull])
    made = set(re.findall(r"^(?:const|function) (\w+)", body, re.M))
    listed = ", ".join([*(name for name in PUBLIC if name in made), "shuffle: permute"])
    return f'var network = (() => {{\n"use strict";\n{body}\nreturn {{ {listed} }};\n}})();\n'


def arguments(text: str) -> dict[str, list[str]]:
    """What each function of a module takes, in order."""
    found = {name: re.search(rf"^function {name}\((.*)\) \{{$", text, re.M) for name in FUNCTIONS}
    return {name: match[1].split(", ") for name, match in found.items() if match}


def initial(writer: JavaScriptWriter) -> str:
    """The initial weights, drawn in the order in which the engines draw them."""
    lines = ["// The initial weights.", "function initial(number, w) {", "    seed(number);"]
    for name, variable in writer.program.parameters.items():
        if variable.limit and variable.values is None:
            lines.append(f"    draw({writer(parse(variable.limit, {}))}, w.{name});")
    return "\n".join([*lines, "}", ""])


MASK = """\
// A dropout mask.
function drop(keep, x, count) {
    for (let k = 0; k < count; k++)
        x[k] = randomSample() < keep ? 1 : 0;
}
"""


def curves(program: Program, writer: JavaScriptWriter) -> str:
    """Activation and slope of every layer whose units have one each, as functions of a single z."""
    z, lines = Name("z"), list[str]()
    for number, formula in activations(program).items():
        if not formula.elementwise:
            continue
        scalars: dict[str, Expr] = {name: Number(value) for name, value in formula.scalars.items()}
        value = formula.apply(z=z, **scalars)
        slope = differentiate(value, z)
        found = {"a": f"(z) => {writer(value)}", "slope": f"(z) => {writer(slope)}"}
        found["delta"] = f"(error, z) => {writer(Name('error') * slope)}"
        for part, expression in at_output(program, number).items():
            found[part] = f"(a, y, N) => {writer(expression)}"
        lines.append(f"    {number}: {{ {', '.join(f'{key}: {text}' for key, text in found.items())} }},")
    head = ["// Activation and slope of each layer, for a single z.", "const curves = {"]
    return "\n".join([*head, *lines, "};", ""])


def at_output(program: Program, number: int) -> dict[str, Expr]:
    """Of the last layer, its error or where it is fused its delta, as a formula of one output, its target and N."""
    steps = {step.name: step for step in program.full.steps if isinstance(step, Step)}
    scalars = {program.prediction: Name("a"), "y": Name("y")}
    for part, name in (("error", f"error{number}"), ("fused", f"delta{number}")):
        if name in steps and set(names(steps[name].expression)) <= {*scalars, "N"}:
            return {part: substitute(steps[name].expression, scalars)}
    return {}


def activations(program: Program) -> dict[int, Formula]:
    """The last activation that follows each Dense layer, by its number."""
    found: dict[int, Formula] = {}
    number = 0
    for layer in program.declaration.network.layers:
        number += isinstance(layer, Dense)
        if layer.activation_formula is not None:
            found[number] = layer.activation_formula
    return found


def inputs(texts: Sequence[str], given: int, columns: Sequence[str]) -> str:
    """The inputs of the network from the columns of the data."""
    lines = ["// The inputs of the network, from the columns of the data and formulas of them."]
    lines += ["function inputs(N, R, X) {", "    for (let n = 0; n < N; n++) {"]
    lines += [f"        for (let i = 0; i < {given}; i++)", f"            X[n * INPUTS + i] = R[n * {given} + i];"]
    if texts:
        named = ", ".join(f"{name} = R[n * {given} + {i}]" for i, name in enumerate(columns))
        lines.append(f"        const {named};")
    lines += [f"        X[n * INPUTS + {given + i}] = {text};" for i, text in enumerate(texts)]
    return "\n".join([*lines, "    }", "}", ""])


__all__ = ["FUNCTIONS", "arguments", "module"]
