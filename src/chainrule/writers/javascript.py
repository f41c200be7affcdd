"""JavaScript with typed arrays: an ES module, or the classic flavour for a `<script>` element and CommonJS."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Literal

from ..program.ops import Shape
from ..program.steps import Program
from ..program.text import number_text
from . import javascript_predictor, javascript_script
from .lines import above, wrapped
from .loops import INDENT, Axis, Function, Kernel, LoopWriter, Scope, product
from .lowering import Contraction, Lowered, Nest, Operand, RowWise
from .model import TrainedModel
from .names import as_comment
from .run import Run

FUNCTIONS = ("step", "predict", "evaluate", "trace")
MADE = ("parameters", "state", "scratch", "trace_scratch", "settings")

MATH = ("exp", "log", "sqrt", "sin", "cos", "floor", "tanh", "abs")
HELPERS = {
    "square": ("x", "x * x"),
    "sign": ("x", "x > 0 ? 1 : x < 0 ? -1 : x"),
    "minimum": ("x, y", "x < y || x !== x ? x : y"),
    "maximum": ("x, y", "x > y || x !== x ? x : y"),
    "clip": ("x, low, high", "x < low ? low : x > high ? high : x"),
    "relu": ("z", "z < 0 ? 0 : z"),
    "softplus": ("z", "Math.log1p(Math.exp(-Math.abs(z))) + (z < 0 ? 0 : z)"),
}

DOT = """\
// The sum of K products, from x[from] and y[start] on; the elements of x lie dx apart, those of y dy.
function dot(K, x, from, dx, y, start, dy) {
    let sum = 0;
    for (let k = 0; k < K; k++)
        sum += x[from + k * dx] * y[start + k * dy];
    return sum;
}"""

SOFTMAX = """\
// p = softmax(z), and its logarithm if log_p is given; row by row: z (N, M), p (N, M), log_p (N, M)
function softmax(N, M, z, p, log_p) {
    for (let n = 0; n < N * M; n += M) {
        let largest = z[n], sum = 0;
        for (let j = 1; j < M; j++)
            largest = z[n + j] > largest ? z[n + j] : largest;
        for (let j = 0; j < M; j++)
            sum += p[n + j] = Math.exp(z[n + j] - largest);
        for (let j = 0; j < M; j++)
            p[n + j] /= sum;
        for (let j = 0; log_p && j < M; j++)
            log_p[n + j] = z[n + j] - largest - Math.log(sum);
    }
}"""

LOG_SOFTMAX = """\
// log_p = log_softmax(z), row by row: z (N, M), log_p (N, M)
function log_softmax(N, M, z, log_p) {
    for (let n = 0; n < N * M; n += M) {
        let largest = z[n], sum = 0;
        for (let j = 1; j < M; j++)
            largest = z[n + j] > largest ? z[n + j] : largest;
        for (let j = 0; j < M; j++)
            sum += Math.exp(z[n + j] - largest);
        for (let j = 0; j < M; j++)
            log_p[n + j] = z[n + j] - largest - Math.log(sum);
    }
}"""


class JavaScriptWriter(LoopWriter):
    """Programs as JavaScript.

    real            float or double: the typed arrays are Float32Array or Float64Array; arithmetic is double
    keep            `step` too keeps every named step of the full program in its scratch
    """

    language = "javascript"
    forms: ClassVar[tuple[str, ...]] = ("module", "classic", "script", "predictor")
    spellings: ClassVar[Mapping[str, str]] = {op: f"Math.{op}({{}})" for op in MATH} | {"power": "Math.pow({}, {})"}

    def __init__(self, program: Program, *, real: Literal["float", "double"] = "double", keep: bool = False) -> None:
        super().__init__(program, keep=keep)
        if real not in ("float", "double"):
            raise ValueError(f"unknown type '{real}'; known: float, double")
        self.array = {"float": "Float32Array", "double": "Float64Array"}[real]
        self.blocks: dict[str, str] = {}
        self.helper_texts: dict[str, list[str]] = {}

    # --- forms ---

    def module(self, functions: Iterable[str] = FUNCTIONS) -> str:
        """An ES module: every function is exported."""
        return self.composed(functions, "export ")

    def classic(self, functions: Iterable[str] = FUNCTIONS) -> str:
        """One object, `network`, for a `<script>` element; CommonJS gets it as its exports."""
        body = self.composed(functions, "")
        names = re.findall(r"^(?:const|function) (parameters|state|settings|scratch|[a-z]+_scratch|\w+)\b", body, re.M)
        public = {"parameters", "state", "settings", "scratch", "trace_scratch", *FUNCTIONS}
        listed = ", ".join(name for name in names if name in public)
        head, _, rest = body.partition("\n\n")
        inside = "\n".join(INDENT + line if line else "" for line in rest.rstrip("\n").split("\n"))
        lines = [head, "", "const network = (() => {", '    "use strict";', "", inside, ""]
        lines += [f"    return {{ {listed} }};", "})();"]
        return "\n".join([*lines, 'if (typeof module !== "undefined") module.exports = network;']) + "\n"

    def script(self, run: Run) -> str:
        """A complete program for node: the module, then data, random numbers, and the loop over epochs and batches."""
        real: Literal["float", "double"] = "double" if run.dtype == "float64" else "float"
        return javascript_script.script(type(self)(self.program, real=real), run)

    def predictor(self, model: TrainedModel) -> str:
        """An ES module that needs nothing: columns, weights, `predictRows`; with node, a CSV read strictly."""
        real: Literal["float", "double"] = "double" if model.dtype == "float64" else "float"
        return javascript_predictor.predictor(type(self)(self.program, real=real), model)

    def composed(self, functions: Iterable[str], export: str) -> str:
        title = f"// {as_comment(self.program.title)}\n// Derived and written by chainrule; no dependencies."
        return f"{title}\n\n{self.network(functions, export)}"

    def network(self, functions: Iterable[str], export: str, made: Sequence[str] = MADE) -> str:
        """Dimensions, what makes the arrays, helpers, kernels and functions."""
        written = [self.write_function(function) for function in functions]
        blocks = ["\n".join(f"const {name} = {value};" for name, value in self.dimensions.items())]
        blocks += self.makers(written, export, made)
        kernels = ["\n".join(self.kernel_lines(kernel)) for kernel in self.kernels.values()]
        blocks += ["\n".join(line for name in self.helpers for line in self.helper_texts[name])] if self.helpers else []
        blocks += [DOT] if any("dot(" in text for text in kernels) else []
        blocks += [*kernels, *self.blocks.values()]
        for function in written:
            head = f"{export}function {function.name}({', '.join(self.arguments(function))}) {{"
            inside = [part for line in function.lines for part in wrapped(INDENT + line if line else "")]
            blocks.append("\n".join([f"// {self.describe(function)}", head, *inside, "}"]))
        return "\n\n".join(blocks) + "\n"

    def makers(self, functions: Sequence[Function], export: str, wanted: Sequence[str]) -> list[str]:
        """The functions that make the arrays: parameters, state, settings and scratch."""
        program = self.program
        learnt = {name: (v.shape, v.start) for name, v in program.parameters.items()}
        made = [("parameters", "", learnt, "What is learnt, to be filled.")]
        if program.state:
            remembered = {name: (v.shape, v.start) for name, v in program.state.items()}
            made.append(("state", "", remembered, "What the step remembers."))
        for name, group in (("scratch", ("step", "predict", "evaluate")), ("trace_scratch", ("trace",))):
            members = self.buffers([f for f in functions if f.name in group])
            if members:
                shown = {n: (shape, 0.0) for n, shape in members.items()}
                made.append((name, "rows", shown, "Values on the way, of at most so many rows."))
        blocks = []
        for name, argument, arrays, comment in (row for row in made if row[0] in wanted):
            lines = [f"// {comment}", f"{export}function {name}({argument}) {{", f"{INDENT}return {{"]
            for member, (shape, start) in arrays.items():
                extent = product(["rows" if s == "N" else s for s in self.symbols(member, shape)])
                fill = f".fill({number_text(start)})" if start else ""
                lines.append(f"{INDENT * 2}{member}: new {self.array}({extent}){fill},")
            blocks.append("\n".join([*lines, f"{INDENT}}};", "}"]))
        if "settings" not in wanted:
            return blocks
        values = ", ".join(f"{name}: {number_text(value)}" for name, value in program.hyperparameters.items())
        blocks.append(f"// The hyper-parameters as they were declared.\n{export}const settings = {{ {values} }};")
        return blocks

    def buffers(self, functions: Sequence[Function]) -> dict[str, Shape]:
        found: dict[str, Shape] = {}
        fixed = {*self.program.parameters, *self.program.state}
        for function in functions:
            given = {self.program.prediction} if function.name in ("predict", "evaluate") else set()
            found |= {name: shape for name, shape in function.lowered.buffers.items() if name not in given}
            if function.name == "trace" or (self.keep and function.name == "step"):
                found |= {t: () for nest in function.lowered.nests if nest.space == () for t in nest.targets}
        return {name: shape for name, shape in found.items() if name not in fixed}

    def describe(self, function: Function) -> str:
        program = self.program
        output = f"{program.prediction} (N, OUTPUTS)"
        return {
            "step": f"One training step on N rows{', the t-th from 1' if program.counts_steps else ''}, in place; "
            "returns the loss before it.",
            "predict": f"The output {output} for N rows of X (N, INPUTS).",
            "evaluate": f"The output {output} and, returned, the loss of N rows, in prediction mode.",
            "trace": "Every value of one step on N rows, in s; changes nothing else; returns the loss.",
        }[function.name]

    def arguments(self, function: Function) -> list[str]:
        """The arguments: w parameters, m state, s scratch, h settings, t, N, the data, the output; those in use."""
        body = re.sub(r"//.*", "", "\n".join(function.lines))
        found = [letter for letter in "wmsh" if re.search(rf"\b{letter}\b", body)]
        found += ["t"] if re.search(r"\bt\b", body) else []
        found += ["N", *(name for name in self.program.inputs if re.search(rf"(?<!\.)\b{name}\b", body))]
        return found + [self.program.prediction] * (function.name in ("predict", "evaluate"))

    def kernel_lines(self, kernel: Kernel) -> list[str]:
        read = [name for name, written in kernel.arrays.items() if not written]
        write = [name for name, written in kernel.arrays.items() if written]
        arguments = [*["h"] * kernel.settings, *kernel.sizes, *read, *kernel.scalars, *write]
        body = self.loops(kernel.nest, kernel.scope) + ([f"return {kernel.result};"] if kernel.result else [])
        comment = [f"// {part.replace('     ', ': ')}" for part in above(kernel.formula)]
        inside = (part for line in body for part in wrapped(INDENT + line))
        return [*comment, f"function {kernel.name}({', '.join(arguments)}) {{", *inside, "}"]

    # --- what JavaScript says ---

    def outer_scope(self, function: str, lowered: Lowered, keep: bool) -> Scope:
        program = self.program
        arrays = {name: f"w.{name}" for name in program.parameters} | {name: f"m.{name}" for name in program.state}
        arrays |= {name: name for name in program.inputs}
        arrays |= {name: f"s.{name}" for name in lowered.buffers}
        if function in ("predict", "evaluate"):
            arrays[program.prediction] = program.prediction
        scalars = {name: f"h.{name}" for name in program.hyperparameters}
        if keep:
            fixed = {*program.parameters, *program.state}
            values = {t for nest in lowered.nests if nest.space == () for t in nest.targets} - fixed
            scalars |= {name: f"s.{name}[0]" for name in values}
        return Scope(arrays, scalars)

    def number(self, value: float) -> str:
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return number_text(value)

    def comment(self, text: str) -> str:
        return f"// {text}"

    def declare(self, name: str, value: str) -> str:
        return f"const {name} = {value};"

    def begin(self, name: str, op: str) -> str:
        return f"let {name} = {self.number(0.0 if op == 'sum' else -math.inf)};"

    def for_loop(self, axis: Axis) -> str:
        return f"for (let {axis.index} = 0; {axis.index} < {axis.extent}; {axis.index}++)"

    def dot(self, core: Contraction, scope: Scope) -> str:
        (first, second), over = scope.axes, scope.summed
        assert over is not None

        def side(operand: Operand, own: Axis, along_rows: bool) -> str:
            array = scope.arrays[operand.name]
            if along_rows:
                return f"{array}, {own.index} * {over.extent}, 1"
            return f"{array}, {own.index}, {own.extent}"

        left = side(core.left, first, not core.left.transposed)
        return f"dot({over.extent}, {left}, {side(core.right, second, core.right.transposed)})"

    def row_wise(self, nest: Nest) -> str:
        core = nest.core
        assert isinstance(core, RowWise)
        results = dict(core.results)
        symbols = self.symbols(nest.targets[0], nest.space)
        name = "softmax" if "softmax" in results else "log_softmax"
        self.blocks[name] = {"softmax": SOFTMAX, "log_softmax": LOG_SOFTMAX}[name]
        arrays = [self.pass_array(results[op], True) for op in ("softmax", "log_softmax") if op in results]
        call = f"{name}({', '.join([*symbols, self.pass_array(core.source, False), *arrays])})"
        return self.with_comment(self.statement(call), nest)

    def pass_array(self, name: str, written: bool) -> str:
        return self.scope.arrays[name]

    def define_helper(self, helper: str) -> None:
        if helper in HELPERS:
            formal, result = HELPERS[helper]
            self.helper_texts[helper] = [f"function {helper}({formal}) {{ return {result}; }}"]
            return
        names, assigned, result = self.definition(helper)
        targets = ", ".join(dict.fromkeys(target for target, _ in assigned))
        lines = [f"let {targets};"] if targets else []
        lines += [f"{target} = {value};" for target, value in assigned]
        head = f"function {helper}({', '.join(names)})"
        if lines:
            self.helper_texts[helper] = [f"{head} {{", *(INDENT + line for line in [*lines, f"return {result};"]), "}"]
        else:
            self.helper_texts[helper] = [f"{head} {{ return {result}; }}"]


__all__ = ["JavaScriptWriter"]
