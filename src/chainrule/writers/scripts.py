"""The complete programs of the Python languages: data, initial weights, the loop over epochs and batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..program.steps import Program
from ..program.text import number_text, parse
from .run import Run

if TYPE_CHECKING:
    from .arrays import ArrayWriter as Base
else:
    Base = object


class PythonScripts(Base):
    """What NumPy and JAX scripts share: NumPy reads the data and draws all random numbers."""

    program: Program

    def data(self, run: Run) -> list[str]:
        dtype = f"np.{run.dtype}"
        if run.X is None or run.y is None:
            last = f"table[:, {run.features}:{run.features + run.outputs}]"
            lines = [
                f"# a CSV with a header line: {run.features} columns of X, then {run.outputs} of y"
                + (", then the weight of the row" if run.sample_weight is not None else ""),
                f'table = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1, ndmin=2, dtype={dtype})',
                f"X, y = table[:, :{run.features}], {last}",
            ]
            return [*lines, *(["sample_weight = table[:, -1:]"] if run.sample_weight is not None else [])]
        lines = [*array_lines("X", run.X, dtype), *array_lines("y", run.y, dtype)]
        if run.sample_weight is not None:
            lines += array_lines("sample_weight", [[weight] for weight in run.sample_weight], dtype)
        return lines

    def weights(self, run: Run) -> list[str]:
        """The initial values, drawn in the order in which the engine draws them."""
        lines = [f"random = np.random.RandomState({run.seed})"]
        cast = "" if run.dtype == "float64" else f".astype(np.{run.dtype})"
        for name, variable in self.program.parameters.items():
            start = run.starts.get(name, variable.values or variable.limit or variable.start)
            if isinstance(start, str):
                limit = self(parse(start, {}))
                lines.append(f"{name} = random.uniform(-{limit}, {limit}, {shape_text(variable.shape)}){cast}")
            elif isinstance(start, (int, float)):
                lines.append(f"{name} = {filled(variable.shape, start, run.dtype)}")
            else:
                lines += array_lines(name, start, f"np.{run.dtype}")
        lines.append(f"parameters = [{', '.join(self.program.parameters)}]")
        if self.program.state:
            lines.append("state = [")
            for variable in self.program.state.values():
                lines.append(f"    {filled(variable.shape, variable.start, run.dtype)},  # {variable.name}")
            lines.append("]")
        return lines

    def training_loop(self, run: Run) -> list[str]:
        program = self.program
        counted = program.counts_steps
        whole = run.batch_size is None or run.batch_size >= run.rows
        every = max(1, run.epochs // 10)
        lines = ["t = 0"] * counted
        lines += [f"for epoch in range(1, {run.epochs + 1}):"]
        body: list[str] = []
        masks = [
            f"{mask.name} = (random.random_sample(({{rows}}, {mask.units})) < {number_text(mask.keep)}).astype(X.dtype)"
            for mask in program.masks
        ]
        if whole:
            if run.shuffle and run.batch_size is not None:
                body += ["order = random.permutation(len(X))"]
                given = {"X": "X[order]", "y": "y[order]", "sample_weight": "sample_weight[order]"}
            else:
                given = {}
            body += ["t += 1"] * counted + [mask.format(rows="len(X)") for mask in masks]
            body += self.call_step(run, given, "loss")
        else:
            size = run.batch_size
            body += ["order = random.permutation(len(X))" if run.shuffle else "order = np.arange(len(X))", "total = 0.0"]
            batch = [f"rows = order[start : start + {size}]"]
            starts = f"range(0, len(X), {size})"
            if any(name.startswith("running_") for name in program.state):
                starts = f"range(0, len(X) - 1, {size})"
                batch = [f"stop = start + {size} if len(X) - start != {size} + 1 else len(X)  # no batch of one row"]
                batch += ["rows = order[start:stop]"]
            batch += ["t += 1"] * counted + [mask.format(rows="len(rows)") for mask in masks]
            given = {"X": "X[rows]", "y": "y[rows]", "sample_weight": "sample_weight[rows]"}
            batch += self.call_step(run, given, "loss")
            batch += ["total += len(rows) * float(loss)"]
            body += [f"for start in {starts}:", *("    " + line for line in batch), "loss = total / len(X)"]
        body += [f"if epoch % {every} == 0 or epoch == 1:", '    print(f"epoch {epoch}: loss {float(loss):.10g}")']
        return [*lines, *("    " + line for line in body), *self.farewell(run)]

    def call_step(self, run: Run, given: dict[str, str], result: str) -> list[str]:
        program = self.program
        arguments = [given.get(name, name) for name in program.inputs]
        arguments += ["parameters"] + ["state"] * bool(program.state) + ["t"] * program.counts_steps
        arguments += [
            f"{name}={value!r}"
            for name, value in run.hyperparameters.items()
            if value != program.hyperparameters[name]
        ]
        results = [result]
        if not self.in_place:
            results += ["parameters"] + ["state"] * bool(program.state)
        return [f"{', '.join(results)} = step({', '.join(arguments)})"]

    def first_batch(self, run: Run) -> list[str]:
        """The names of the step, at the top level of a notebook."""
        program = self.program
        _, unpack = self.signature("step")
        lines = list(unpack) + ["N = len(X)"] + ["t = 1"] * program.counts_steps
        values = {**program.hyperparameters, **run.hyperparameters}
        lines += [f"{name} = {value!r}" for name, value in values.items()]
        for mask in program.masks:
            lines.append(f"{mask.name} = np.ones((N, {mask.units}), X.dtype)  # all units kept, in this first look")
        return lines

    def farewell(self, run: Run) -> list[str]:
        state = any(name.startswith("running_") for name in self.program.state)
        arguments = "X, parameters" + ", state" * state
        return ["", f'print("first outputs:", *np.asarray(predict({arguments}))[:4].tolist())']


def shape_text(shape: tuple[Any, ...]) -> str:
    return str(tuple(int(n) for n in shape))


def filled(shape: tuple[Any, ...], value: float, dtype: str) -> str:
    name = {0.0: "zeros", 1.0: "ones"}.get(float(value))
    if name:
        return f"np.{name}({shape_text(shape)}, np.{dtype})"
    return f"np.full({shape_text(shape)}, {value!r}, np.{dtype})"


def array_lines(name: str, values: Any, dtype: str) -> list[str]:
    """`X = np.array([...], dtype)`, a row of a matrix on a line."""

    def numbers(row: Any) -> str:
        return ", ".join(number_text(float(value)) for value in row)

    matrix = bool(len(values)) and hasattr(values[0], "__len__")
    if not matrix:
        return [f"{name} = np.array([{numbers(values)}], {dtype})"]
    one_line = f"{name} = np.array([{', '.join('[' + numbers(row) + ']' for row in values)}], {dtype})"
    if len(one_line) <= 100:
        return [one_line]
    return [f"{name} = np.array([", *(f"    [{numbers(row)}]," for row in values), f"], {dtype})"]
