"""C99, with nothing but libm: no allocation, no globals, dimensions as named constants."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from ..program.steps import Program
from ..program.text import number_text
from . import c_predictor, costs, device, drivers
from . import c_script as script
from .c_structs import WIDTH, StructWriter
from .loops import INDENT, Axis, Function, Kernel, Scope
from .lowering import ACCUMULATOR, Contraction, Lowered, Nest, Operand, RowWise
from .model import TrainedModel
from .names import as_comment
from .run import Run, SelfTest

Real = Literal["float", "double"]
STEP = ("step", "predict")

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


class CWriter(StructWriter):
    """Programs as C99.

    real            float or double: the type of every number; its literals have that type too
    prefix          in front of every name that other files see: `iris_` gives `iris_step`, `IRIS_INPUTS`
    rows            the most rows a call takes, a constant that scratch memory is sized by; None: the caller says how
                    many, and hands in the memory
    keep            every named step of the full program keeps its value in scratch
    weights         name -> values: trained weights, and running statistics of batch norm. Where no function changes
                    them, they are constants, and no function takes them; otherwise those of layers that are not trained
                    are constants, and `initialize` copies the others
    self_test       what a device has to compute (`chainrule.training.self_test` makes it), for `self_test`
    functions       which functions: step, predict, evaluate, trace, train, initialize, save, restore, self_test; by
                    default step and predict, with weights also initialize, save and restore

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
    forms: ClassVar[tuple[str, ...]] = ("module", "header", "source", "script", "predictor")

    def __init__(
        self,
        program: Program,
        *,
        real: Real = "float",
        prefix: str = "",
        rows: int | None = 32,
        keep: bool = False,
        weights: Mapping[str, Any] | None = None,
        self_test: SelfTest | None = None,
    ) -> None:
        super().__init__(program, keep=keep)
        if real not in ("float", "double"):
            raise ValueError(f"unknown type '{real}'; known: float, double")
        if prefix and not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", prefix):
            raise ValueError(f"prefix {prefix[:40]!r}: use lower-case letters, digits and _, a letter first")
        if rows is not None and rows < 1:
            raise ValueError(f"rows must be at least 1, not {rows}")
        if self_test is not None and weights is None:
            raise ValueError("a self-test needs weights: those that it begins with")
        if self_test is not None and rows is not None and self_test.rows > rows:
            raise ValueError(f"the self-test has {self_test.rows} rows, a call takes at most {rows}")
        if weights is not None:
            running = [name for name in program.state if name.startswith("running_")]
            device.check_values({**program.parameters, **program.state}, weights, [*program.parameters, *running])
        self.type, self.prefix, self.rows = real, prefix, rows
        self.weights, self.test = dict(weights or {}), self_test
        self.baked: frozenset[str] = frozenset()
        self.suffix = "f" if real == "float" else ""
        self.spellings = {op: text.replace("@", self.suffix) for op, text in SPELLINGS.items()}  # type: ignore[misc]
        self.blocks: dict[str, str] = {}  # kernels that are no nests: their text by name
        self.helper_texts: dict[str, list[str]] = {}

    # --- forms ---

    def module(self, functions: Iterable[str] | None = None) -> str:
        """One file: types and prototypes, then kernels and functions; `header` and `source` are the two apart."""
        written = self.written(self.usual_functions if functions is None else functions)
        return self.head(written, guard=False) + "\n/* --- kernels and functions --- */\n" + self.body(written)

    def header(self, functions: Iterable[str] | None = None) -> str:
        return self.head(self.written(self.usual_functions if functions is None else functions))

    def source(self, functions: Iterable[str] | None = None) -> str:
        written = self.written(self.usual_functions if functions is None else functions)
        return f'#include "{self.file}.h"\n\n' + self.body(written)

    def script(self, run: Run) -> str:
        """A complete program: the module, then data, random numbers, and the loop over epochs and batches."""
        return script.script(self.fresh(run), run)

    def predictor(self, model: TrainedModel) -> str:
        """One file: the network with its weights, `predict_row` for a row of the table, `self_test`, a main program."""
        real: Real = "double" if model.dtype == "float64" else "float"
        made = type(self)(self.program, real=real, prefix=self.prefix, rows=1, weights=model.weights)
        return c_predictor.predictor(made, model)

    def fresh(self, run: Run) -> CWriter:
        """The writer of a script: its numbers are of the run's type, and a call takes a batch."""
        real: Real = "double" if run.dtype == "float64" else "float"
        return type(self)(self.program, real=real, rows=script.most_rows(self.program, run))

    @property
    def file(self) -> str:
        return self.prefix.rstrip("_") or "network"

    def written(self, functions: Iterable[str]) -> list[Function]:
        """The functions by name, and after them those that go with them."""
        names = list(functions)
        names += ["self_test"] if self.test is not None and "self_test" not in names else []
        self.baked = self.constants_among(names)
        own = (*drivers.DRIVERS, *device.NAMES)
        written = [self.write_function(name) for name in names if name not in own]
        by_name = {function.name: function for function in written}
        made: dict[str, Callable[[], Function]] = {
            "train": lambda: drivers.train(self, by_name["step"]),
            "initialize": lambda: device.initialize(self),
            "save": lambda: device.save(self),
            "restore": lambda: device.restore(self),
            "self_test": lambda: device.self_test(self, by_name.get("step"), by_name["predict"]),
        }
        for name in (name for name in own if name in names):
            self.check_function(name, names)
            written.append(made[name]())
        return [*written, *self.attachments(written)]

    @property
    def usual_functions(self) -> tuple[str, ...]:
        return (*STEP, "initialize", "save", "restore") if self.weights else STEP

    @property
    def initial(self) -> list[str]:
        """The weights that `initialize` copies."""
        return [name for name in self.weights if name not in self.baked]

    def constants_among(self, functions: Sequence[str]) -> frozenset[str]:
        """What these functions read as constants."""
        program = self.program
        if not self.weights:
            return frozenset()
        if {"step", "train", "initialize"} & {*functions}:
            return frozenset({*program.parameters} - {*program.trainable})
        return frozenset({*program.parameters, *program.state})

    def check_function(self, name: str, names: Sequence[str]) -> None:
        """ValueError: a function that needs another one, or weights."""
        needed = {"train": ["step"], "self_test": ["predict", *["initialize"] * ("step" in names)]}
        missing = [other for other in needed.get(name, []) if other not in names]
        if missing:
            raise ValueError(f"{name} calls {' and '.join(missing)}: name {'them' if len(missing) > 1 else 'it'} too")
        if name == "initialize" and not self.weights:
            raise ValueError("initialize needs weights to begin with")
        if name == "self_test" and self.test is None:
            raise ValueError("self_test needs what is expected: CWriter(..., self_test=...)")
        if name in ("save", "restore") and not self.carried("w"):
            raise ValueError(f"{name} has nothing to do: the weights are constants")

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
        saves = any(function.name in ("save", "restore") for function in functions)
        more = {"SAVED_BYTES": device.saved_bytes(self)} if saves else {}
        lines = [*self.facts(functions), *([f"#ifndef {name}", f"#define {name}"] if guard else [])]
        lines += ["#include <stddef.h>"] if any("size_t" in self.prototype(function) for function in functions) else []
        lines += [f"typedef {self.type} {self.prefix}real;", *self.constants(**more), ""]
        for letter, struct in self.structs.items():
            lines += self.struct(letter, struct, functions)
        lines.append("")
        for function in functions:
            lines += [f"/* {self.describe(function)} */", self.prototype(function, ";")]
        lines += ["#endif"] if guard else []
        return "\n".join(lines) + "\n"

    def facts(self, functions: Sequence[Function]) -> list[str]:
        """The comment at the top: what it is, and what it costs."""
        program = self.program
        title, origin = (
            f"/* {as_comment(program.title)}.",
            "Derived and written by chainrule: C99 and libm, nothing else.",
        )
        lines = [f"{title} {origin}"] if len(title) + len(origin) <= WIDTH else [title, f" * {origin}"]
        if program.edited:
            lines.append(f" * Edited by hand: {', '.join(program.edited)}.")
        return [*lines, *(f" * {line}" for line in costs.lines(self, functions)), " */"]

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
            **device.DESCRIPTIONS,
        }[function.name]

    def arguments(self, function: Function) -> dict[str, str]:
        """The arguments of a function, by letter or name: those that its body uses."""
        if function.name in drivers.DESCRIPTIONS:
            return drivers.arguments(self, function.name)
        if function.name in device.NAMES:
            called = re.findall(r"\b([wms])\b", "\n".join(function.lines))
            return device.arguments(self, function.name, called)
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
        result = {**drivers.RESULTS, **device.RESULTS}.get(function.name, f"{self.prefix}real")
        head = f"{result} {self.prefix}{function.name}("
        lines, current = [], head
        arguments = list(self.arguments(function).values()) or ["void"]
        for i, argument in enumerate(arguments):
            piece = argument + (")" + end if i == len(arguments) - 1 else ", ")
            if len(current) + len(piece.rstrip()) > 110:
                lines.append(current.rstrip())
                current = " " * len(head)
            current += piece
        return "\n".join([*lines, current])

    def body(self, functions: Sequence[Function]) -> str:
        blocks = []
        text = "\n".join(line for function in functions for line in function.lines)
        wanted = {"limits": "INT_MAX", "math": "", "stdint": "uint32_t", "string": "mem"}
        mathematics = "".join(f"#include <{name}.h>\n" for name, mark in wanted.items() if mark in text)
        mathematics += "#ifdef __FAST_MATH__\n#error -ffast-math breaks the checks for NaN\n#endif"
        if self.prefix:
            mathematics += f"\n\ntypedef {self.prefix}real real;"
        blocks.append(mathematics)
        kernels = ["\n".join(self.kernel_lines(kernel)) for kernel in self.kernels.values()]
        helpers = ["\n".join(line for name in self.helpers for line in self.helper_texts[name])] if self.helpers else []
        dots = [DOT.replace("= 0;", f"= {self.number(0.0)};", 1)] if any("dot(" in text for text in kernels) else []
        zero = f"sum = {self.number(0.0)};"
        more = [text.replace("@", self.suffix).replace("sum = 0;", zero) for text in self.blocks.values()]
        blocks += device.constants(self, functions)
        blocks += [*helpers, *dots, *kernels, *more, *device.blocks(self, functions)]
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


__all__ = ["ACCUMULATOR", "CWriter"]
