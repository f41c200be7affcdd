"""The complete programs of the Python languages: data, initial weights, the loop over epochs and batches.

NumPy reads the data and draws all random numbers, in JAX as well: the same seed gives the same numbers everywhere.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any, ClassVar

from ..program.ops import Shape
from ..program.steps import Mask, Variable
from ..program.text import number_text, parse
from .arrays import ArrayWriter
from .expressions import short_number
from .layout import INDENT, WIDTH, assigned_tuple, filled
from .model import TrainedModel
from .run import Run

SHOWN = 4  # rows whose output is printed at the end


class PythonScripts(ArrayWriter):
    """What NumPy and JAX scripts share."""

    forms: ClassVar[tuple[str, ...]] = (*ArrayWriter.forms, "script")

    def script(self, run: Run) -> str:
        """A complete program: the module, then data, weights and the loop over epochs and batches."""
        self.needs.add("np")
        data = self.data(run) if run.X is not None else self.data_from_argument(run)
        main = [*data, "", *self.weights(run), "", *self.training_loop(run), *self.results(run)]
        return self.module(set_up=self.set_up(run), main=main)

    def set_up(self, run: Run | TrainedModel) -> list[str]:
        """What comes right after the imports."""
        return []

    # --- data ---

    def data(self, run: Run) -> list[str]:
        """The rows as they are."""
        assert run.X is not None
        assert run.y is not None
        lines = [f"# {self.say('source.data')}", *array("X", run.X, run.dtype), *self.targets(run)]
        if run.sample_weight is not None:
            lines += array("sample_weight", [[weight] for weight in run.sample_weight], run.dtype)
        return [*lines, *self.preparation(run)]

    def targets(self, run: Run) -> list[str]:
        """The values of y, or where it is one-hot as the class of each row."""
        assert run.y is not None
        if run.outputs == 1 or not all(sorted(row) == [0] * (run.outputs - 1) + [1] for row in run.y):
            return array("y", run.y, run.dtype)
        first, *rest = array("labels", [list(row).index(1) for row in run.y], "")
        lines = [first, *rest] if rest else [f"{first}  # {self.say('source.class')}"]
        return [*lines, f"y = np.eye({run.outputs}, dtype=np.{run.dtype})[labels]"]

    def preparation(self, run: Run) -> list[str]:
        """What the columns are, as constants: every name is a quoted text."""
        made = run.preparation
        lines: list[str] = []
        if made and made.columns:
            lines += ["", f"# {self.say('source.prepared' if made.means else 'source.columns')}"]
            lines += texts("FEATURES", made.columns)
        if made and made.means:
            deviations = [line.replace("inf", "np.inf") for line in array("STD", made.deviations, "float64")]
            lines += [*array("MEAN", made.means, "float64"), *deviations]  # infinite: a constant column becomes 0
        if made and made.classes:
            lines += ["", f"# {self.say('source.classes')}", *texts("CLASSES", made.classes)]
        return lines

    def data_from_argument(self, run: Run) -> list[str]:
        """The rows from a CSV named on the command line."""
        self.needs.add("sys")
        columns = describe_columns(run)
        return [
            self.about_file(run),
            "if len(sys.argv) != 2:",
            f'{INDENT}sys.exit(f"usage: python {{sys.argv[0]}} DATA.csv\\n"',
            f'{INDENT}         "DATA.csv has a header line and {columns}")',
            *self.data_from_file(run, "sys.argv[1]"),
            *self.preparation(run),
        ]

    def about_file(self, run: Run) -> str:
        text = self.say("source.data_csv", features=run.features, outputs=run.outputs)
        return f"# {text}" + f"; {self.say('source.data_csv_weight')}" * (run.sample_weight is not None)

    def data_from_file(self, run: Run, path: str) -> list[str]:
        D, weighted = run.features, run.sample_weight is not None
        width = D + run.outputs + weighted
        needed = f"{width} are needed: {describe_columns(run)}"
        lines = [
            f'table = np.loadtxt({path}, delimiter=",", skiprows=1, ndmin=2, dtype=np.{run.dtype})',
            f"if table.shape[1] != {width}:",
            f'{INDENT}sys.exit(f"{{{path}}} has {{table.shape[1]}} columns; {needed}")',
        ]
        self.needs.add("sys")
        if weighted:
            return [*lines, f"X, y, sample_weight = table[:, :{D}], table[:, {D}:-1], table[:, -1:]"]
        return [*lines, f"X, y = table[:, :{D}], table[:, {D}:]"]

    # --- initial values ---

    def weights(self, run: Run) -> list[str]:
        """The initial values, drawn in the order in which the engine draws them."""
        lines = [f"# {self.say('source.parameters_random')}", f"random = np.random.RandomState({run.seed})"]
        if not any(v.limit and name not in run.starts for name, v in self.program.parameters.items()):
            lines = [f"# {self.say('source.parameters')}"] + lines[1:] * self.is_random(run)
        before = ""
        for name, variable in self.program.parameters.items():
            given = run.starts.get(name, variable.values)
            if given is not None:
                lines += array(name, given, run.dtype)
                if name in run.starts and variable.limit and self.is_random(run):
                    drawn = math.prod(int(n) for n in variable.shape)
                    lines.append(f"random.random_sample({drawn})  # {self.say('source.passed_over', name=name)}")
            elif variable.limit:
                limit = self(parse(variable.limit, {}))
                if "(" in limit:
                    lines += [f"limit = {limit}"] * (limit != before)
                    before, limit = limit, "limit"
                draw = f"random.uniform(-{limit}, {limit}, {shape_text(variable.shape)})"
                lines.append(f"{name} = {draw}" + f".astype(np.{run.dtype})" * (run.dtype != "float64"))
            else:
                lines.append(f"{name} = {constant(variable, run.dtype)}")
        lines += assigned_tuple("parameters", list(self.program.parameters))
        return lines + self.state(run)

    def is_random(self, run: Run) -> bool:
        """Whether the training itself draws random numbers."""
        whole = run.batch_size is None or run.batch_size >= run.rows
        return bool(self.program.masks) or (run.shuffle and not whole)

    def state(self, run: Run) -> list[str]:
        """Optimizer slots, those of a parameter on one line, and running statistics."""
        state = self.program.state
        if not state:
            return []
        lines, together = ["", f"# {self.say('source.state')}"], set()
        for name in self.program.parameters:
            slots = [slot for slot in state if slot.endswith(name) and slot.removesuffix(name).isalpha()]
            slots = [slot for slot in slots if state[slot].shape == self.program.parameters[name].shape]
            slots = [slot for slot in slots if slot not in self.program.statistics]
            if slots:
                lines.append(f"{', '.join(slots)} = {', '.join([f'np.zeros_like({name})'] * len(slots))}")
                together |= set(slots)
        lines += [f"{name} = {constant(v, run.dtype)}" for name, v in state.items() if name not in together]
        return [*lines, *assigned_tuple("state", list(state))]

    # --- the loop ---

    def training_loop(self, run: Run) -> list[str]:
        whole = run.batch_size is None or run.batch_size >= run.rows
        counted = ["t = 0"] if self.program.counts_steps else []
        order = [] if whole or run.shuffle else [f"order = np.arange(len(X))  # {self.say('source.in_order')}"]
        body = [*self.report(run), *(self.whole_batch(run) if whole else self.batches(run))]
        head = f"for epoch in range({run.epochs}):"
        return [f"# {self.say('source.training')}", *counted, *order, head, *(INDENT + line for line in body)]

    def report(self, run: Run) -> list[str]:
        """The error now and then."""
        digits = 12 if run.dtype == "float64" else 6
        shown = f"epoch {{epoch}}: mean absolute error {{error:.{digits}g}}"
        if self.program.probability == "row":
            output = self.predicted() if self.in_place else f"np.asarray({self.predicted()})"
            lines = [f"output = {output}", "error = np.abs(output - y).mean()"]
            lines.append("right = (output.argmax(axis=1) == y.argmax(axis=1)).mean()")
            shown += ", right {right:.1%}"
        else:
            lines = [f"error = np.abs({self.predicted()} - y).mean()"]
        lines.append(f'print(f"{shown}")')
        every = run.report_every
        return lines if every == 1 else [f"if epoch % {every} == 0:", *(INDENT + line for line in lines)]

    def predicted(self) -> str:
        return f"predict(X, parameters{', state' if self.program.statistics else ''})"

    def whole_batch(self, run: Run) -> list[str]:
        """The body of an epoch that takes all rows in one step."""
        lines = ["t += 1"] * self.program.counts_steps + [draw(mask, "X") for mask in self.program.masks]
        return [*lines, *self.call_step(run, "")]

    def batches(self, run: Run) -> list[str]:
        """The body of an epoch of several steps; its loss is the mean over the rows."""
        size = run.batch_size
        head = f"for start in range(0, len(X), {size}):"
        rows = [f"rows = order[start : start + {size}]"]
        known = run.X is not None and run.rows % (size or 1) != 1
        if self.program.statistics and not known:
            head = f"for start in range(0, len(X) - 1, {size}):"
            stop = f"stop = len(X) if len(X) - start == {(size or 0) + 1} else start + {size}"
            rows = [f"{stop}  # {self.say('source.no_single')}", "rows = order[start:stop]"]
        rows += ["t += 1"] * self.program.counts_steps + [draw(mask, "rows") for mask in self.program.masks]
        rows += [*self.call_step(run, "[rows]"), "total += len(rows) * float(loss)"]
        order = ["order = random.permutation(len(X))"] if run.shuffle else []
        return [*order, "total = 0.0", head, *(INDENT + line for line in rows), "loss = total / len(X)"]

    def call_step(self, run: Run, rows: str) -> list[str]:
        program = self.program
        masks = {mask.name for mask in program.masks}
        arguments = [name if name in masks else name + rows for name in program.inputs]
        arguments += ["parameters"] + ["state"] * bool(program.state) + ["t"] * program.counts_steps
        given = {name: value for name, value in run.hyperparameters.items() if value != program.hyperparameters[name]}
        arguments += [f"{name}={short_number(value)}" for name, value in given.items()]
        results = ["loss"]
        if not self.in_place:
            results += ["parameters"] + ["state"] * bool(program.state)
        opening = f"{', '.join(results)} = step("
        return filled(opening, arguments, ")", " " * len(opening), WIDTH - 2 * len(INDENT))

    def results(self, run: Run) -> list[str]:
        """What is printed at the end."""
        return [
            "",
            *['print(f"loss in the last epoch: {loss:.10g}")'] * (run.epochs > 0),
            'print("output:")' if run.rows <= SHOWN else 'print("output for the first rows:")',
            f"for output in {self.predicted()}{f'[:{SHOWN}]' if run.rows > SHOWN else ''}:",
            f'{INDENT}print(*(f"{{value:.10g}}" for value in output))',
        ]


def draw(mask: Mask, rows: str) -> str:
    drawn = f"random.random_sample((len({rows}), {mask.units})) < {short_number(mask.keep)}"
    return f"{mask.name} = ({drawn}).astype(X.dtype)"


def describe_columns(run: Run) -> str:
    weight = ", and the weight of the row" if run.sample_weight is not None else ""
    return f"{run.features} column{'s' * (run.features > 1)} of X, then {run.outputs} of y{weight}"


def shape_text(shape: Shape) -> str:
    return str(shape[0]) if len(shape) == 1 else str(tuple(int(n) for n in shape))


def constant(variable: Variable, dtype: str) -> str:
    """An array of one value: `np.zeros(4)`."""
    kind = "" if dtype == "float64" else f", np.{dtype}"
    if not variable.shape:
        return f"np.array({short_number(variable.start) if variable.start % 1 else repr(variable.start)}{kind})"
    name = {0.0: "zeros", 1.0: "ones"}.get(variable.start)
    shape = shape_text(variable.shape)
    return f"np.{name}({shape}{kind})" if name else f"np.full({shape}, {variable.start!r}{kind})"


def array(name: str, values: Any, dtype: str) -> list[str]:
    """`X = np.array([...])`, a row of a matrix on a line, a column of numbers in as few lines as fit."""
    kind = f", dtype=np.{dtype}" if dtype else ""  # whole numbers, where there is none
    if not hasattr(values, "__len__"):
        return [f"{name} = np.array({numeral(values, dtype)}{kind})"]
    rows = [row_text(row, dtype) for row in values]
    whole = f"{name} = np.array([{', '.join(rows)}]{kind})"
    matrix = len(rows) > 1 and hasattr(values[0], "__len__") and len(values[0]) > 1
    if len(whole) <= WIDTH and not matrix:
        return [whole]
    if matrix:
        return [f"{name} = np.array([", *(f"{INDENT}{row}," for row in rows), f"]{kind})"]
    return [f"{name} = np.array([", *filled(INDENT, rows, ",", INDENT), f"]{kind})"]


def texts(name: str, values: Sequence[str]) -> list[str]:
    """`CLASSES = ["setosa", ...]`: texts of users within quotes, as ASCII where a character is not to be seen."""
    quoted = [text(value) for value in values]
    whole = f"{name} = [{', '.join(quoted)}]"
    return [whole] if len(whole) <= WIDTH else [f"{name} = [", *filled(INDENT, quoted, ",", INDENT), "]"]


def text(value: str) -> str:
    """A text of a user within quotes, as ASCII where a character is not to be seen."""
    return f'"{value}"' if value.isprintable() and not set('"\\\\') & set(value) else ascii(value)


def row_text(row: Any, dtype: str) -> str:
    if not hasattr(row, "__len__"):
        return numeral(row, dtype)
    numbers: Sequence[Any] = row
    return f"[{', '.join(numeral(value, dtype) for value in numbers)}]"


def numeral(value: Any, dtype: str) -> str:
    """The shortest text that reads back as the same number of this dtype."""
    number = float(value)
    if dtype == "float32":
        single = struct.pack("f", number)
        for digits in range(6, 10):
            shorter = float(f"{number:.{digits}g}")
            if struct.pack("f", shorter) == single:
                return number_text(shorter)
    return number_text(number)
