"""C99, with nothing but libm: no allocation, no globals, dimensions as named constants."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from ..program.steps import Program
from . import c_predictor, device, drivers, watching
from . import c_script as script
from .c_header import HeaderWriter
from .c_language import DOT, Real
from .lines import wrapped
from .loops import INDENT, Function
from .model import TrainedModel
from .run import Run, SelfTest

STEP = ("step", "predict")


class CWriter(HeaderWriter):
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
    functions       which functions: step, predict, evaluate, trace, train, watch, initialize, save, restore, self_test;
                    by default step and predict, with weights also initialize, save and restore

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

    `watch`, of an observed program, makes the steps of a `train` that it is handed, and looks in between: watching.py.
    """

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
        super().__init__(program, real, keep=keep)
        if weights is not None:
            needed = [*program.parameters, *program.statistics]
            device.check_values({**program.parameters, **program.state}, weights, needed)
        self.prefix, self.rows = prefix, rows
        self.weights, self.test = dict(weights or {}), self_test
        self.baked = frozenset()

    # --- forms ---

    def module(self, functions: Iterable[str] | None = None) -> str:
        """One file: types and prototypes, then kernels and functions; `header` and `source` are the two apart."""
        return self.module_of(self.written(self.usual_functions if functions is None else functions))

    def module_of(self, written: Sequence[Function]) -> str:
        """The module of functions that are written already."""
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
            "watch": lambda: watching.watch(self, by_name["trace"]),
            "initialize": lambda: device.initialize(self),
            "save": lambda: device.save(self),
            "restore": lambda: device.restore(self),
            "self_test": lambda: device.self_test(self, by_name.get("step"), by_name["predict"]),
        }
        for name in (name for name in own if name in names):
            self.check_function(name, names)
            written.append(made[name]())
        return [*written, *drivers.attachments(self, written)]

    @property
    def usual_functions(self) -> tuple[str, ...]:
        return (*STEP, "initialize", "save", "restore") if self.weights else STEP

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
        needed = {"train": ["step"], "watch": ["trace"], "self_test": ["predict", *["initialize"] * ("step" in names)]}
        missing = [other for other in needed.get(name, []) if other not in names]
        if missing:
            raise ValueError(f"{name} calls {' and '.join(missing)}: name {'them' if len(missing) > 1 else 'it'} too")
        if name == "initialize" and not self.weights:
            raise ValueError("initialize needs weights to begin with")
        if name == "self_test" and self.test is None:
            raise ValueError("self_test needs what is expected: CWriter(..., self_test=...)")
        if name in ("save", "restore") and not self.carried("w"):
            raise ValueError(f"{name} has nothing to do: the weights are constants")

    # --- the source ---

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
