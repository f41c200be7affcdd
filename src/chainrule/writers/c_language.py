"""How C spells things: numbers, loops, functions of one element, kernels and their calls."""

from __future__ import annotations

import math
import re
from typing import ClassVar, Literal

from ..program.steps import Program
from ..program.text import number_text
from .lines import above, with_arguments, wrapped
from .loops import INDENT, Axis, Kernel, LoopWriter, Scope
from .lowering import Contraction, Lowered, Nest, Operand, RowWise

Real = Literal["float", "double"]

LIBM = ("exp", "log", "sqrt", "sin", "cos", "floor", "tanh", "erf")
SPELLINGS = {op: f"{op}@({{}})" for op in LIBM} | {"abs": "fabs@({})", "power": "pow@({}, {})"}

# Functions of one element; a comparison with NaN is false, so each lets NaN pass.
HELPERS = {
    "square": ("x", "x * x"),
    "sign": ("x", "x > 0 ? 1 : x < 0 ? -1 : x"),
    "minimum": ("x, y", "x < y || x != x ? x : y"),
    "maximum": ("x, y", "x > y || x != x ? x : y"),
    "clip": ("x, low, high", "x < low ? low : x > high ? high : x"),
    "relu": ("z", "z < 0 ? 0 : z"),
    "softplus": ("z", "log1p@(exp@(-fabs@(z))) + (z < 0 ? 0 : z)"),
}

DOT = """\
/* The sum of K products; the elements of x lie dx apart, those of y dy. */
static real dot(int K, const real *x, int dx, const real *y, int dy) {
    real sum = 0;
    for (int k = 0; k < K; k++)
        sum += x[k * dx] * y[k * dy];
    return sum;
}"""

SOFTMAX = """\
/* p = softmax(z), and its logarithm unless log_p is 0; row by row     z (N, M), p (N, M), log_p (N, M) */
static void softmax(int N, int M, const real *z, real *p, real *log_p) {
    for (int n = 0; n < N * M; n += M) {
        real largest = z[n], sum = 0;
        for (int j = 1; j < M; j++)
            largest = z[n + j] > largest ? z[n + j] : largest;
        for (int j = 0; j < M; j++)
            sum += p[n + j] = exp@(z[n + j] - largest);
        for (int j = 0; j < M; j++)
            p[n + j] /= sum;
        for (int j = 0; log_p && j < M; j++)
            log_p[n + j] = z[n + j] - largest - log@(sum);
    }
}"""

LOG_SOFTMAX = """\
/* log_p = log_softmax(z), row by row     z (N, M), log_p (N, M) */
static void log_softmax(int N, int M, const real *z, real *log_p) {
    for (int n = 0; n < N * M; n += M) {
        real largest = z[n], sum = 0;
        for (int j = 1; j < M; j++)
            largest = z[n + j] > largest ? z[n + j] : largest;
        for (int j = 0; j < M; j++)
            sum += exp@(z[n + j] - largest);
        for (int j = 0; j < M; j++)
            log_p[n + j] = z[n + j] - largest - log@(sum);
    }
}"""


class CLanguage(LoopWriter):
    """What C says to the loop family.

    restrict    what a kernel says of its arrays
    blocks      kernels that are no nests: their text by name
    """

    language = "c"
    restrict: ClassVar[str] = ""
    prefix: str
    baked: frozenset[str]

    def __init__(self, program: Program, real: Real, *, keep: bool = False) -> None:
        super().__init__(program, keep=keep)
        self.type = real
        self.suffix = "f" if real == "float" else ""
        self.spellings = {op: text.replace("@", self.suffix) for op, text in SPELLINGS.items()}  # type: ignore[misc]
        self.blocks: dict[str, str] = {}
        self.helper_texts: dict[str, list[str]] = {}

    def outer_scope(self, function: str, lowered: Lowered, keep: bool) -> Scope:
        program = self.program
        arrays = {name: f"w->{name}" for name in program.parameters} | {name: f"m->{name}" for name in program.state}
        arrays |= {name: name for name in self.baked}
        arrays |= {name: name for name in program.inputs}
        arrays |= {name: f"s->{name}" for name in lowered.buffers}
        if function in ("predict", "evaluate"):
            arrays[program.prediction] = program.prediction
        scalars = {name: f"h->{name}" for name in program.hyperparameters}
        if keep:
            fixed = {*program.parameters, *program.state}
            values = {t for nest in lowered.nests if nest.space == () for t in nest.targets} - fixed
            scalars |= {name: f"s->{name}[0]" for name in values}
        return Scope(arrays, scalars)

    def number(self, value: float) -> str:
        if math.isinf(value):
            return "INFINITY" if value > 0 else "-INFINITY"
        text = number_text(value)
        if not any(character in text for character in ".en"):
            text += ".0"
        return text + self.suffix

    def whole(self, name: str) -> str:
        return f"(real){name}"

    def declare(self, name: str, value: str) -> str:
        return f"const real {name} = {value};"

    def begin(self, name: str, op: str) -> str:
        return f"real {name} = {self.number(0.0 if op == 'sum' else -math.inf)};"

    def for_loop(self, axis: Axis) -> str:
        return f"for (int {axis.index} = 0; {axis.index} < {axis.extent}; {axis.index}++)"

    def dot(self, core: Contraction, scope: Scope) -> str:
        (first, second), over = scope.axes, scope.summed
        assert over is not None

        def side(operand: Operand, own: Axis, along_rows: bool) -> str:
            """Where a row or column of an operand begins, and how far apart its elements lie."""
            array = scope.arrays[operand.name]
            if along_rows:  # the elements are neighbours, own counts rows of them
                return f"{array} + {own.index} * {over.extent}, 1"
            return f"{array} + {own.index}, {own.extent}"

        left = side(core.left, first, not core.left.transposed)
        right = side(core.right, second, core.right.transposed)
        return f"dot({over.extent}, {left}, {right})"

    def row_wise(self, nest: Nest) -> str:
        core = nest.core
        assert isinstance(core, RowWise)
        results = dict(core.results)
        rows, columns = self.symbols(nest.targets[0], nest.space)
        if "softmax" in results:
            logarithm = self.pass_array(results["log_softmax"], True) if "log_softmax" in results else "0"
            name, arrays = "softmax", [self.pass_array(results["softmax"], True), logarithm]
            self.blocks[name] = SOFTMAX
        else:
            name, arrays = "log_softmax", [self.pass_array(results["log_softmax"], True)]
            self.blocks[name] = LOG_SOFTMAX
        arguments = [self.row_count(rows), columns]
        arguments += [self.from_row(array, columns) for array in (self.pass_array(core.source, False), *arrays)]
        return self.with_comment(self.statement(f"{name}({', '.join(arguments)})"), nest)

    def row_count(self, rows: str) -> str:
        """How many rows a row-wise kernel takes."""
        return rows

    def from_row(self, array: str, columns: str) -> str:
        """Where they begin; "0" is no array."""
        return array

    def pass_array(self, name: str, written: bool) -> str:
        return self.scope.arrays[name]

    def define_helper(self, helper: str) -> None:
        if helper in HELPERS:
            arguments, text = HELPERS[helper]
            for number in ("0", "1"):
                text = re.sub(rf"(?<![\w.]){number}(?![\w.(])", self.number(float(number)), text)
            lines = [f"return {text.replace('@', self.suffix)};"]
            formal = arguments.split(", ")
        else:
            names, assigned, result = self.definition(helper)
            formal = list(names)
            declared: set[str] = set()
            lines = []
            for target, value in assigned:
                later = sum(other == target for other, _ in assigned) > 1
                kind = "real " if later else "const real "
                lines.append(f"{'' if target in declared else kind}{target} = {value};")
                declared.add(target)
            lines.append(f"return {result};")
        head = f"static real {helper}({', '.join(f'real {name}' for name in formal)})"
        if len(lines) == 1:
            self.helper_texts[helper] = [f"{head} {{ {lines[0]} }}"]
        else:
            self.helper_texts[helper] = [f"{head} {{", *(INDENT + line for line in lines), "}"]

    def kernel_lines(self, kernel: Kernel) -> list[str]:
        arguments = [f"const struct {self.prefix}settings *restrict h"] * kernel.settings
        arguments += [f"int {size}" for size in kernel.sizes]
        read = [f"const real *{self.restrict}{name}" for name, written in kernel.arrays.items() if not written]
        write = [f"real *{self.restrict}{name}" for name, written in kernel.arrays.items() if written]
        arguments += [*read, *(f"real {name}" for name in kernel.scalars), *write]
        result = "real" if kernel.result else "void"
        head = with_arguments(f"static {result} {kernel.name}(", arguments)
        body = self.loops(kernel.nest, kernel.scope)
        if kernel.result:
            body.append(f"return {kernel.result};")
        comment = "\n * ".join(above(kernel.formula))
        above_it = f"/* {comment} */".split("\n") if comment else []
        return [*above_it, f"{head} {{", *(part for line in body for part in wrapped(INDENT + line)), "}"]
