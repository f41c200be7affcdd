"""C99, with nothing but libm: no allocation, no globals, dimensions as named constants."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import ClassVar, Literal

from ..program.ops import Shape
from ..program.steps import Program
from ..program.text import number_text
from . import drivers
from .loops import INDENT, Axis, Function, Kernel, LoopWriter, Scope, count, product
from .lowering import ACCUMULATOR, Contraction, Lowered, Nest, Operand, RowWise
from .names import as_comment

Real = Literal["float", "double"]
STEP = ("step", "predict")
WIDTH = 116

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


class CWriter(LoopWriter):
    """Programs as C99.

    real            float or double: the type of every number; its literals have that type too
    prefix          in front of every name that other files see: `iris_` gives `iris_step`, `IRIS_INPUTS`
    rows            the most rows a call takes, a constant that scratch memory is sized by; None: the caller says how
                    many, and hands in the memory
    keep            every named step of the full program keeps its value in scratch
    functions       which functions: step, predict, evaluate, trace, train

    With rows=None the members of `struct scratch` (and of `struct trace`) are pointers, in the order of `layout`:

        size_t scratch_bytes(int rows);                                     size_t trace_bytes(int rows);
        void attach(struct scratch *s, real *memory, int rows);             void attach_trace(struct trace *s, ...);

    `attach` lays them out one after another in `memory`, which holds `scratch_bytes(rows)` bytes, for calls of at most
    so many rows. They are there where the struct has members.

    `train` makes many steps in one call:

        void train(struct parameters *w, struct state *m, struct scratch *s, const struct settings *h, long long t,
                   long long steps, const long long *offsets, const long long *rows, const real *X, const real *y,
                   [const real *mask1, ...,] [const real *sample_weight,] real *batch, double *losses);

    Its arguments w, m, s, h and t are always there; a struct that would be empty is declared and never defined, and its
    pointer not used. t is the number of the first step. The rows of X, y and sample_weight in step i are
    rows[offsets[i]] to rows[offsets[i + 1] - 1]; those of the masks, which come in program order, are offsets[i] to
    offsets[i + 1] - 1. Where `rows` is 0, every step takes the first offsets[i + 1] - offsets[i] rows of X as they are,
    and `batch` may be 0; otherwise `batch` has room for the largest batch: rows x (INPUTS + OUTPUTS + 1) numbers.
    losses[i] is the loss before the update of step i. In a shared library on Linux link with -Wl,-Bsymbolic, or `train`
    calls the `step` of the C library.
    """

    language = "c"
    restrict: ClassVar[str] = ""  # what a kernel says of its arrays
    forms: ClassVar[tuple[str, ...]] = ("module", "header", "source")
    structs: ClassVar[Mapping[str, str]] = {"w": "parameters", "m": "state", "s": "scratch", "h": "settings"}

    def __init__(
        self,
        program: Program,
        *,
        real: Real = "float",
        prefix: str = "",
        rows: int | None = 32,
        keep: bool = False,
    ) -> None:
        super().__init__(program, keep=keep)
        if real not in ("float", "double"):
            raise ValueError(f"unknown type '{real}'; known: float, double")
        if prefix and not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", prefix):
            raise ValueError(f"prefix {prefix[:40]!r}: use lower-case letters, digits and _, a letter first")
        if rows is not None and rows < 1:
            raise ValueError(f"rows must be at least 1, not {rows}")
        self.type, self.prefix, self.rows = real, prefix, rows
        self.suffix = "f" if real == "float" else ""
        self.spellings = {op: text.replace("@", self.suffix) for op, text in SPELLINGS.items()}  # type: ignore[misc]
        self.blocks: dict[str, str] = {}  # kernels that are no nests: their text by name
        self.helper_texts: dict[str, list[str]] = {}

    # --- forms ---

    def module(self, functions: Iterable[str] = STEP) -> str:
        """One file: types and prototypes, then kernels and functions; `header` and `source` are the two apart."""
        written = self.written(functions)
        return self.head(written, guard=False) + "\n/* --- kernels and functions --- */\n" + self.body(written)

    def header(self, functions: Iterable[str] = STEP) -> str:
        return self.head(self.written(functions))

    def source(self, functions: Iterable[str] = STEP) -> str:
        written = self.written(functions)
        return f'#include "{self.file}.h"\n\n' + self.body(written)

    @property
    def file(self) -> str:
        return self.prefix.rstrip("_") or "network"

    def written(self, functions: Iterable[str]) -> list[Function]:
        """The functions by name, and after them those that go with them."""
        names = list(functions)
        written = [self.write_function(name) for name in names if name not in drivers.DRIVERS]
        by_name = {function.name: function for function in written}
        if "train" in names:
            if "step" not in by_name:
                raise ValueError("train calls step: name both functions")
            written.append(drivers.train(self, by_name["step"]))
        return [*written, *self.attachments(written)]

    def attachments(self, functions: Sequence[Function]) -> list[Function]:
        """Where the caller hands in the memory: the functions that say how much and lay it out."""
        found = []
        for struct, suffix in (("scratch", ""), ("trace", "_trace")) if self.rows is None else ():
            buffers = self.buffers(functions, struct)
            if buffers:
                found.append(drivers.scratch_bytes(self, f"{struct}_bytes", buffers))
                found.append(drivers.attach(self, f"attach{suffix}", buffers))
        return found

    # --- header ---

    def head(self, functions: Sequence[Function], guard: bool = True) -> str:
        name = f"{self.file.upper()}_H"
        lines = [*self.facts(functions), *([f"#ifndef {name}", f"#define {name}"] if guard else [])]
        lines += ["#include <stddef.h>"] if any("size_t" in self.prototype(function) for function in functions) else []
        lines += [f"typedef {self.type} {self.prefix}real;", *self.constants(), ""]
        for letter, struct in self.structs.items():
            lines += self.struct(letter, struct, functions)
        lines.append("")
        for function in functions:
            lines += [f"/* {self.describe(function)} */", self.prototype(function, ";")]
        lines += ["#endif"] if guard else []
        return "\n".join(lines) + "\n"

    def facts(self, functions: Sequence[Function]) -> list[str]:
        """The comment at the top: what it is, and what it costs."""
        bytes_each = 4 if self.type == "float" else 8
        program = self.program

        def line(what: str, numbers: int, more: str = "") -> str:
            return f" * {what:<12}{numbers:>9,} numbers {numbers * bytes_each:>11,} bytes{more}"

        parameters = sum(count(v.shape) for v in program.parameters.values())
        state = sum(count(v.shape) for v in program.state.values())
        scratch = sum(count(shape, self.rows or 1) for shape in self.buffers(functions, "scratch").values())
        counted = [function for function in functions if function.lowered.nests]
        products = (f"{function.name} {multiply_adds(function.lowered):,}" for function in counted)
        lines = [f"/* {as_comment(program.title)}. Derived and written by chainrule."]
        if program.edited:
            lines.append(f" * Edited by hand: {', '.join(program.edited)}.")
        lines.append(f" * C99 and libm only. Multiplications and additions a row: {', '.join(products)}.")
        lines.append(line("parameters", parameters))
        lines += [line("state", state)] if state else []
        per_row = "  for MAX_ROWS rows" if self.rows and self.rows > 1 else "  a row"
        lines += [line("scratch", scratch, per_row.replace("MAX", f"{self.prefix.upper()}MAX"))] if scratch else []
        return [*lines, " */"]

    def constants(self) -> list[str]:
        named = {self.dimension(name): value for name, value in self.dimensions.items()}
        if self.rows is not None:
            named[self.dimension("MAX_ROWS")] = self.rows
        return [f"enum {{ {', '.join(f'{name} = {value}' for name, value in named.items())} }};"]

    def dimension(self, symbol: str) -> str:
        return self.prefix.upper() + symbol

    def buffers(self, functions: Sequence[Function], struct: str) -> dict[str, Shape]:
        """The members of scratch: of all functions, and for `trace` the single numbers too."""
        found: dict[str, Shape] = {}
        for function in functions:
            if self.struct_of(function.name) == struct:
                given = {self.program.prediction} if function.name in ("predict", "evaluate") else set()
                found |= {name: shape for name, shape in function.lowered.buffers.items() if name not in given}
                if self.keeps(function.name):
                    found |= {t: () for nest in function.lowered.nests if nest.space == () for t in nest.targets}
        fixed = {*self.program.parameters, *self.program.state}
        return dict(sorted(((n, s) for n, s in found.items() if n not in fixed), key=lambda item: self.layer(*item)))

    def layout(self, functions: Sequence[Function], struct: str, rows: int = 1) -> dict[str, tuple[int, Shape]]:
        """Where each member of scratch or trace begins, in numbers from the start of the struct, and its shape.

        Where the caller hands in the memory: from the start of that memory, laid out by `attach` for so many rows.
        """
        found, offset = {}, 0
        for name, shape in self.buffers(functions, struct).items():
            found[name] = (offset, shape)
            offset += count(shape, self.rows or rows)
        return found

    def layer(self, name: str, shape: Shape) -> int:
        """The number of the layer that an array belongs to: the last one, where its name has none."""
        match = re.fullmatch(r".*?(\d+)(_\d+)?", name)
        return int(match[1]) if match and shape else len(self.dimensions) - 1

    def keeps(self, function: str) -> bool:
        return function == "trace" or (self.keep and function == "step")

    def struct_of(self, function: str) -> str:
        return "trace" if function == "trace" else "scratch"

    def struct(self, letter: str, struct: str, functions: Sequence[Function]) -> list[str]:
        lines = self.members(letter, struct, functions)
        train = any(function.name == "train" for function in functions)
        return lines or ([f"struct {self.prefix}{struct};  /* without members */"] if train else [])

    def members(self, letter: str, struct: str, functions: Sequence[Function]) -> list[str]:
        program = self.program
        if letter == "s":
            return [
                line
                for name, comment in (("scratch", "values on the way"), ("trace", "every value of a step, by name"))
                for line in self.struct_lines(name, comment, self.buffers(functions, name), pointers=self.rows is None)
            ]
        if letter == "h":
            if not any("h" in self.arguments(function) for function in functions):
                return []
            values = program.hyperparameters
            shown = ", ".join(map(number_text, values.values()))
            head, comment = f"struct {self.prefix}settings {{", f"  /* usual: {shown} */"
            line = f"{head} {self.prefix}real {', '.join(values)}; }};"
            if len(line + comment) <= WIDTH:
                return [line + comment]
            each = [f"{INDENT}{self.prefix}real {name};  /* {number_text(value)} */" for name, value in values.items()]
            return [f"{head}  /* given at every step; beside each the usual value */", *each, "};"]
        variables = program.parameters if letter == "w" else program.state
        comment = "what is learnt" if letter == "w" else "what the step remembers; all zero at first"
        if letter == "m" and any(v.start for v in variables.values()):
            comment += ", running variances all one"
        return self.struct_lines(struct, comment, {name: v.shape for name, v in variables.items()})

    def struct_lines(self, name: str, comment: str, members: Mapping[str, Shape], pointers: bool = False) -> list[str]:
        """A struct; the members of one layer share a line."""
        if not members:
            return []
        lines = [f"struct {self.prefix}{name} {{  /* {comment} */"]
        for _, group in groupby(members.items(), key=lambda item: self.layer(*item)):
            parts = [self.member(member, shape, pointers) for member, shape in group]
            current = ""
            for part in parts:
                if current and len(current) + len(part) + 2 > 100:
                    lines.append(f"{INDENT}{current};")
                    current = ""
                current += f", {part}" if current else f"{self.prefix}real {part}"
            lines.append(f"{INDENT}{current};")
        return [*lines, "};"]

    def member(self, name: str, shape: Shape, pointers: bool) -> str:
        extents = [self.dimension("MAX_ROWS") if s == "N" else s for s in self.symbols(name, shape)]
        return f"*{name}" if pointers else f"{name}[{product(extents)}]"

    # --- functions ---

    def describe(self, function: Function) -> str:
        program = self.program
        most = f" N <= {self.dimension('MAX_ROWS')}" if self.rows is not None else " N"
        output = f"{program.prediction} (N, {self.dimension('OUTPUTS')})"
        return {
            "step": f"One training step on{most} rows{', the t-th from 1' if program.counts_steps else ''}, in place; "
            "returns the loss before it.",
            "predict": f"The output {output} for{most} rows of X (N, {self.dimension('INPUTS')}).",
            "evaluate": f"The output {output} and, returned, the loss of{most} rows, in prediction mode.",
            "trace": f"Every value of one step on{most} rows; changes nothing; returns the loss.",
            **drivers.DESCRIPTIONS,
        }[function.name]

    def arguments(self, function: Function) -> dict[str, str]:
        """The arguments of a function, by letter or name: those that its body uses."""
        if function.name in drivers.DESCRIPTIONS:
            return drivers.arguments(self, function.name)
        body = "\n".join(function.lines)
        changes = function.name == "step"
        prefix = self.prefix
        found = {}
        for letter, struct in self.structs.items():
            if f"{letter}->" in body or f"({letter}, " in body:
                struct = self.struct_of(function.name) if letter == "s" else struct
                constant = "" if letter == "s" or (changes and letter != "h") else "const "
                found[letter] = f"{constant}struct {prefix}{struct} *{letter}"
        if re.search(r"\bt\b", re.sub(r"/\*.*?\*/", "", body)):
            found["t"] = "int t"
        found["N"] = "int N"
        for name in self.program.inputs:
            if re.search(rf"\b{name}\b", re.sub(r"/\*.*?\*/", "", body)):
                found[name] = f"const {prefix}real *{name}"
        if function.name in ("predict", "evaluate"):
            found[self.program.prediction] = f"{prefix}real *{self.program.prediction}"
        return found

    def prototype(self, function: Function, end: str = "") -> str:
        result = drivers.RESULTS.get(function.name, f"{self.prefix}real")
        head = f"{result} {self.prefix}{function.name}("
        lines, current = [], head
        arguments = list(self.arguments(function).values())
        for i, argument in enumerate(arguments):
            piece = argument + (")" + end if i == len(arguments) - 1 else ", ")
            if len(current) + len(piece.rstrip()) > 110:
                lines.append(current.rstrip())
                current = " " * len(head)
            current += piece
        return "\n".join([*lines, current])

    def body(self, functions: Sequence[Function]) -> str:
        blocks = []
        mathematics = "#include <limits.h>\n" if any("INT_MAX" in line for f in functions for line in f.lines) else ""
        mathematics += "#include <math.h>\n#ifdef __FAST_MATH__\n#error -ffast-math breaks the checks for NaN\n#endif"
        if self.prefix:
            mathematics += f"\n\ntypedef {self.prefix}real real;"
        blocks.append(mathematics)
        kernels = ["\n".join(self.kernel_lines(kernel)) for kernel in self.kernels.values()]
        helpers = ["\n".join(line for name in self.helpers for line in self.helper_texts[name])] if self.helpers else []
        dots = [DOT.replace("= 0;", f"= {self.number(0.0)};", 1)] if any("dot(" in text for text in kernels) else []
        zero = f"sum = {self.number(0.0)};"
        more = [text.replace("@", self.suffix).replace("sum = 0;", zero) for text in self.blocks.values()]
        blocks += [*helpers, *dots, *kernels, *more]
        for function in functions:
            inside = "\n".join(part for line in function.lines for part in wrapped(INDENT + line if line else ""))
            blocks.append(f"{self.prototype(function)} {{\n{inside}\n}}")
        return "\n\n".join(blocks) + "\n"

    def kernel_lines(self, kernel: Kernel) -> list[str]:
        arguments = [f"const struct {self.prefix}settings *restrict h"] * kernel.settings
        arguments += [f"int {size}" for size in kernel.sizes]
        read = [f"const real *{self.restrict}{name}" for name, written in kernel.arrays.items() if not written]
        write = [f"real *{self.restrict}{name}" for name, written in kernel.arrays.items() if written]
        arguments += [*read, *(f"real {name}" for name in kernel.scalars), *write]
        result = "real" if kernel.result else "void"
        head = f"static {result} {kernel.name}("
        lines, current = [], head
        for i, argument in enumerate(arguments):
            piece = argument + (")" if i == len(arguments) - 1 else ", ")
            if len(current) + len(piece.rstrip()) > 116:
                lines.append(current.rstrip())
                current = " " * len(head)
            current += piece
        body = self.loops(kernel.nest, kernel.scope)
        if kernel.result:
            body.append(f"return {kernel.result};")
        formula, _, shapes = kernel.formula.partition("     ")
        comment = [f"/* {kernel.formula} */"] if kernel.formula else []
        if len(kernel.formula) > WIDTH - 6:
            comment = [f" * {part}" for part in (*formula.split("; "), shapes)]
            comment = ["/" + comment[0][1:], *comment[1:-1], f"{comment[-1]} */"]
        return [*comment, *lines, f"{current} {{", *(part for line in body for part in wrapped(INDENT + line)), "}"]

    # --- what C says ---

    def outer_scope(self, function: str, lowered: Lowered, keep: bool) -> Scope:
        program = self.program
        arrays = {name: f"w->{name}" for name in program.parameters} | {name: f"m->{name}" for name in program.state}
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
        arguments = [rows, columns, self.pass_array(core.source, False), *arrays]
        return self.with_comment(self.statement(f"{name}({', '.join(arguments)})"), nest)

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


def wrapped(line: str) -> list[str]:
    """A long line in several, broken before an operator or after a comma, as far outside of brackets as may be."""
    if len(line) <= WIDTH or "/*" in line:
        return [line]
    indent = line[: len(line) - len(line.lstrip())] + INDENT
    lines = []
    while len(line) > WIDTH:
        found = re.finditer(r" (?=[-+*/?:] )|(?<=,) ", line[: WIDTH + 1])
        breaks = [match.start() for match in found if match.start() > WIDTH // 3]
        if not breaks:
            break
        best = min(breaks, key=lambda at: (depth(line[:at]), line[at - 1] != ",", line[at + 1] in "*/", -at))
        lines.append(line[:best])
        line = indent + line[best + 1 :]
    return [*lines, line]


def depth(text: str) -> int:
    """How many brackets are open at the end of a text."""
    return sum((character in "([") - (character in ")]") for character in text)


def multiply_adds(lowered: Lowered) -> int:
    """Products summed by the contractions of a function, for each row of the batch."""
    total = 0
    for nest in lowered.nests:
        if isinstance(nest.core, Contraction):
            over = nest.core.over
            total += count(nest.space) * (1 if over == "N" else int(over))
    return total


__all__ = ["ACCUMULATOR", "CWriter"]
