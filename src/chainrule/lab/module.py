"""The JavaScript that the page runs: the emitted program, and the emitted random numbers that it starts from.

Everything in it comes from the writers: the step, the initial weights and the order of the rows as `Training` draws
them, and the formulas of further inputs. The page holds no arithmetic of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..program.expr import Expr
from ..program.steps import Program
from ..program.text import parse
from ..writers.javascript import JavaScriptWriter
from ..writers.javascript_script import DRAW, RANDOM, SAMPLE, SHUFFLE

FUNCTIONS = ("step", "predict", "evaluate", "trace")


def module(program: Program, given: int = 1, formulas: Sequence[Expr] = (), columns: Sequence[str] = ()) -> str:
    """An ES module: the program's own functions, and

    initial(number, w)          initial weights from a seed
    shuffle(order)              the next order of the rows
    drop(keep, x, count)        a dropout mask
    inputs(N, R, X)             X (N, INPUTS) from rows R (N, given): as they are, and the formulas of them
    """
    writer = JavaScriptWriter(program)
    texts = [writer(formula) for formula in formulas]  # first: a formula may need a helper
    own = writer.module(FUNCTIONS)
    helpers = [line for name in writer.helpers for line in writer.helper_texts[name] if f"function {name}(" not in own]
    return "\n".join(
        [own, *helpers, RANDOM, SAMPLE, DRAW, SHUFFLE, initial(writer), MASK, inputs(texts, given, columns), EXPORTS]
    )


def arguments(program: Program) -> dict[str, list[str]]:
    """What each function takes, in order."""
    writer = JavaScriptWriter(program)
    return {name: writer.arguments(writer.write_function(name)) for name in FUNCTIONS}


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

EXPORTS = "export { initial, permute as shuffle, drop, inputs };\n"


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
