"""Complete programs in C: data, initial weights, the loop over epochs and batches.

All random numbers are those of NumPy's RandomState: the same seed gives the numbers of the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..program.steps import Program
from ..program.text import parse
from . import device
from .c_blocks import ALLOCATE, CSV, DRAW, RANDOM, SAMPLE, SHUFFLE, STOP
from .layout import filled
from .loops import INDENT, Function, product
from .run import Run
from .scripts import SHOWN, describe_columns

if TYPE_CHECKING:
    from .c import CWriter


def most_rows(program: Program, run: Run) -> int:
    """The rows of the largest batch: under batch norm a last row alone joins the batch before it."""
    if run.batch_size is None or run.batch_size >= run.rows:
        return max(1, run.rows)
    return run.batch_size + bool(program.statistics)


class Script:
    """One script in the making."""

    def __init__(self, writer: CWriter, run: Run) -> None:
        self.writer, self.run, self.program = writer, run, writer.program
        self.functions = {function.name: function for function in writer.written(("step", "predict"))}
        self.whole = run.batch_size is None or run.batch_size >= run.rows
        self.shuffled = run.shuffle and not self.whole
        self.drawn = [n for n, v in self.program.parameters.items() if v.limit and v.values is None]
        later = self.shuffled or bool(self.program.masks)
        if not later:
            self.drawn = [name for name in self.drawn if name not in run.starts]
        self.random = later or bool(self.drawn)
        self.weighted = run.sample_weight is not None
        self.inputs = [name for name in ("X", "y", "sample_weight") if name in self.program.inputs]

    def text(self) -> str:
        writer, functions = self.writer, list(self.functions.values())
        module = (
            writer.head(functions, guard=False) + "\n/* --- kernels and functions --- */\n" + writer.body(functions)
        )
        parts = [
            module,
            self.includes(),
            self.predict_all(),
            self.report(),
            *self.random_numbers(),
            *self.data(),
            self.main(),
        ]
        return "\n".join(parts)

    def includes(self) -> str:
        names = ["stdint", "stdio", "stdlib", "string"] if self.run.X is None else ["stdint", "stdio", "string"]
        names += ["errno", "limits", "stdarg"] if self.run.X is None else []
        return "/* --- training --- */\n" + "".join(f"#include <{name}.h>\n" for name in sorted(names))

    # --- data ---

    def data(self) -> list[str]:
        run, writer = self.run, self.writer
        starts = [line for name, values in self.given().items() for line in self.table(f"given_{name}", values)]
        constants = ["\n".join(["/* The weights that are given. */", *starts]) + "\n"] if starts else []
        if run.X is None:
            width = run.features + run.outputs + self.weighted
            needed = f'#define NEEDED "{describe_columns(run)}"\nenum {{ COLUMNS = {width} }};\n'
            return [*constants, needed, STOP, ALLOCATE, CSV]
        assert run.y is not None
        lines = ["/* The data. */", f"enum {{ ROWS = {run.rows} }};"]
        lines += self.table("X", run.X, f"ROWS * {writer.dimension('INPUTS')}")
        lines += self.table("y", run.y, f"ROWS * {writer.dimension('OUTPUTS')}")
        lines += self.table("sample_weight", run.sample_weight, "ROWS") if run.sample_weight is not None else []
        return [*constants, "\n".join(lines) + "\n"]

    def given(self) -> dict[str, object]:
        """The values of parameters that are not drawn, by name."""
        variables = self.program.parameters
        return {
            n: self.run.starts.get(n, v.values)
            for n, v in variables.items()
            if n in self.run.starts or v.values is not None
        }

    def table(self, name: str, values: Any, extent: str = "") -> list[str]:
        """A constant array, a row of a matrix on a line where there is room for it."""
        before = f"static const real {name}[{extent}] = "
        rows = list(values) if hasattr(values, "__len__") else []
        if len(rows) > 1 and hasattr(rows[0], "__len__") and len(rows[0]) > 1:
            lines = [device.numbers(self.writer, row, "", "")[0][1:-1] for row in rows]
            if all(lines) and max(map(len, lines)) < device.WIDTH - len(INDENT):
                return [f"{before}{{", *(f"{INDENT}{line}," for line in lines), "};"]
        return device.numbers(self.writer, values, before, ";")

    def random_numbers(self) -> list[str]:
        """What is used of the random numbers."""
        sampled = bool(self.drawn or self.program.masks)
        wanted = {RANDOM: self.random, SAMPLE: sampled, DRAW: bool(self.drawn), SHUFFLE: self.shuffled}
        return [text for text, used in wanted.items() if used]

    @property
    def given_inputs(self) -> list[str]:
        """The data, in the order of their columns."""
        return [name for name in self.inputs if name != "sample_weight" or self.weighted]

    # --- the program ---

    def call(self, function: Function, **given: str) -> str:
        arguments = ", ".join(given.get(name, name) for name in self.writer.arguments(function))
        return f"{function.name}({arguments})"

    def predict_all(self) -> str:
        """The outputs for all rows, as many at a time as a call takes."""
        writer, predict = self.writer, self.functions["predict"]
        formal = [text.replace("int N", "int rows") for text in writer.arguments(predict).values()]
        head = "static void predict_all("
        output = self.program.prediction
        given = {
            "X": f"X + (size_t)n * {writer.dimension('INPUTS')}",
            output: f"{output} + (size_t)n * {writer.dimension('OUTPUTS')}",
        }
        lines = filled(head, formal, ") {", " " * len(head), device.WIDTH)
        lines += [f"{INDENT}for (int n = 0; n < rows; n += MAX_ROWS) {{"]
        lines += [f"{INDENT * 2}const int N = rows - n < MAX_ROWS ? rows - n : MAX_ROWS;"]
        lines += [f"{INDENT * 2}{self.call(predict, **given)};", f"{INDENT}}}", "}"]
        return "\n".join(lines) + "\n"

    def main(self) -> str:
        body = [*self.set_up(), "", *self.weights(), "", *self.loop(), *self.results()]
        if self.run.X is None:
            body += [f"free({name});" for name in (*self.given_inputs, *self.row_memory)]
        body.append("return 0;")
        head = "int main(int argc, char **argv) {" if self.run.X is None else "int main(void) {"
        return "\n".join([head, *(INDENT + line if line else "" for line in body), "}"]) + "\n"

    def set_up(self) -> list[str]:
        """Data and memory."""
        run, writer, step = self.run, self.writer, self.functions["step"]
        lines = []
        if run.X is None:
            columns = describe_columns(run)
            usage = f'"usage: %s DATA.csv\\n"\n{INDENT * 2} "DATA.csv has a header line and {columns}\\n"'
            lines += ["if (argc != 2)", f"{INDENT}stop({usage}, argv[0]);", "real *table;"]
            lines += ["const int rows = read_csv(argv[1], &table);"]
            if self.whole:
                lines += [
                    "if (rows > MAX_ROWS)",
                    f'{INDENT}stop("%s has %d rows: raise MAX_ROWS, which is %d\\n", argv[1], rows, MAX_ROWS);',
                ]
            if self.program.statistics:
                lines += ["if (rows < 2)", f'{INDENT}stop("%s has one row: batch norm needs two\\n", argv[1]);']
            first = 0
            for name in self.given_inputs:
                number = {"X": run.features, "y": run.outputs}.get(name, 1)
                lines.append(f"real *{name} = columns(table, rows, {first}, {number});")
                first += number
            lines.append("free(table);")
        else:
            lines.append("const int rows = ROWS;")
        used = {name for function in self.functions.values() for name in writer.arguments(function)}
        for letter, struct in writer.structs.items():
            if letter in used and letter != "h":
                lines.append(f"static struct {struct} {struct}, *{letter} = &{struct};")
        if "h" in used:
            values = {**self.program.hyperparameters, **run.hyperparameters}
            names = self.program.hyperparameters
            settings = ", ".join(f".{name} = {writer.number(values[name])}" for name in names)
            lines.append(f"const struct settings settings = {{{settings}}}, *h = &settings;")
        for name in (name for name in writer.arguments(step) if name in self.program.inputs):
            extent = product(["MAX_ROWS", writer.symbols(name, self.program.inputs[name])[1]])
            if self.is_mask(name):
                lines.append(f"static real {name}[{extent}];")
            elif not self.whole:
                lines.append(f"static real {name}_batch[{extent}];")
        for name, (kind, wide) in self.row_memory.items():
            if run.X is None:
                size = product(["(size_t)rows", wide])
                lines.append(f"{kind} *{name} = allocate({size}, sizeof({kind}));")
            else:
                lines.append(f"static {kind} {name}[{product(['ROWS', wide])}];")
        if "sample_weight" in self.row_memory:
            lines += ["for (int n = 0; n < rows; n++)", f"{INDENT}sample_weight[n] = {writer.number(1.0)};"]
        return lines

    @property
    def row_memory(self) -> dict[str, tuple[str, str]]:
        """What is held for every row, besides the data: its type, and how many of it."""
        found = {"output": ("real", self.writer.dimension("OUTPUTS"))}
        found |= {} if self.whole else {"order": ("int", "1")}
        return found | (
            {"sample_weight": ("real", "1")} if "sample_weight" in self.inputs and not self.weighted else {}
        )

    def is_mask(self, name: str) -> bool:
        return any(mask.name == name for mask in self.program.masks)

    def weights(self) -> list[str]:
        """The initial values, drawn in the order in which the engine draws them."""
        from .c import CWriter

        exact, writer = CWriter(self.program, real="double"), self.writer
        lines = (
            [f"static struct generator generator, *g = &generator;\nseed(g, {self.run.seed}u);"] if self.random else []
        )
        lines = [part for line in lines for part in line.split("\n")]
        given = self.given()
        for name, variable in self.program.parameters.items():
            extent = product(writer.symbols(name, variable.shape))
            if name in self.drawn:
                passed = "  /* passed over: it is given */" if name in given else ""
                lines.append(f"draw(g, {extent}, {exact(parse(variable.limit, {}))}, w->{name});{passed}")
            if name in given:
                lines.append(f"memcpy(w->{name}, given_{name}, sizeof w->{name});")
            elif name not in self.drawn and variable.start:
                lines += self.filled(f"w->{name}", extent, variable.start)
        for name, variable in self.program.state.items():
            if variable.start:
                lines += self.filled(f"m->{name}", product(writer.symbols(name, variable.shape)), variable.start)
        return lines

    def filled(self, place: str, extent: str, value: float) -> list[str]:
        return [f"for (int j = 0; j < {extent}; j++)", f"{INDENT}{place}[j] = {self.writer.number(value)};"]

    def loop(self) -> list[str]:
        run = self.run
        lines = ["double loss = 0.0;"] + ["int t = 0;"] * ("t" in self.writer.arguments(self.functions["step"]))
        if not self.whole and not self.shuffled:
            lines += ["for (int n = 0; n < rows; n++)", f"{INDENT}order[n] = n;"]
        every = run.report_every
        shown = [f"{self.predicted()};", "report(epoch, rows, output, y);"]
        if every > 1:
            shown = [f"if (epoch % {every} == 0) {{", *(INDENT + line for line in shown), "}"]
        body = [*shown, *(self.one_batch() if self.whole else self.batches())]
        return [
            *lines,
            f"for (int epoch = 0; epoch < {run.epochs}; epoch++) {{",
            *(INDENT + line for line in body),
            "}",
        ]

    def report(self) -> str:
        """The error of all rows, as a function."""
        outputs = self.writer.dimension("OUTPUTS")
        lines = ["double error = 0.0;", f"for (int k = 0; k < rows * {outputs}; k++)"]
        lines.append(f"{INDENT}error += fabs((double)(output[k] - y[k]));")
        digits = 12 if self.writer.type == "double" else 6
        text, more = f"epoch %d: mean absolute error %.{digits}g", f"epoch, error / ((double)rows * {outputs})"
        if self.program.probability == "row":
            lines += ["int right = 0;", "for (int n = 0; n < rows; n++) {", f"{INDENT}int found = 0, wanted = 0;"]
            lines += [f"{INDENT}for (int j = 1; j < {outputs}; j++) {{"]
            for name, array in (("found", "output"), ("wanted", "y")):
                cell = f"{array}[n * {outputs} + @]"
                lines.append(f"{INDENT * 2}{name} = {cell.replace('@', 'j')} > {cell.replace('@', name)} ? j : {name};")
            lines += [f"{INDENT}}}", f"{INDENT}right += found == wanted;", "}"]
            text, more = f"{text}, right %.1f%%", f"{more}, 100.0 * right / rows"
        lines.append(f'printf("{text}\\n", {more});')
        head = "static void report(int epoch, int rows, const real *output, const real *y) {"
        return "\n".join([head, *(INDENT + line for line in lines), "}"]) + "\n"

    def predicted(self) -> str:
        given = {"N": "rows", self.program.prediction: "output"}
        return self.call(self.functions["predict"], **given).replace("predict(", "predict_all(", 1)

    def one_batch(self) -> list[str]:
        """The body of an epoch that takes all rows in one step."""
        lines = [*self.masks(), f"loss = (double){self.call(self.functions['step'], N='rows', t='++t')};"]
        return lines

    def batches(self) -> list[str]:
        """The body of an epoch of several steps; its loss is the mean over the rows."""
        step, size = self.functions["step"], self.run.batch_size
        joined = bool(self.program.statistics)
        condition = "start < rows - 1" if joined else "start < rows"
        lines = ["permute(g, rows, order);"] if self.shuffled else []
        lines += ["double total = 0.0;", f"for (int start = 0, N; {condition}; start += N) {{"]
        if joined:
            lines.append(
                f"{INDENT}N = rows - start <= {(size or 0) + 1} ? rows - start : {size};  /* no batch of one row */"
            )
        else:
            lines.append(f"{INDENT}N = rows - start < {size} ? rows - start : {size};")
        gathered = [name for name in self.writer.arguments(step) if name in self.inputs]
        lines.append(f"{INDENT}for (int n = 0; n < N; n++) {{")
        for name in gathered:
            wide = self.writer.symbols(name, self.program.inputs[name])[1]
            if wide == "1":
                lines.append(f"{INDENT * 2}{name}_batch[n] = {name}[order[start + n]];")
                continue
            row = f"{name} + (size_t)order[start + n] * {wide}"
            lines.append(f"{INDENT * 2}memcpy({name}_batch + n * {wide}, {row}, {wide} * sizeof(real));")
        lines += [f"{INDENT}}}", *(INDENT + line for line in self.masks())]
        call = self.call(step, t="++t", **{name: f"{name}_batch" for name in gathered})
        return [*lines, f"{INDENT}total += N * (double){call};", "}", "loss = total / rows;"]

    def masks(self) -> list[str]:
        """New dropout masks for a batch, in the order of the program."""
        lines = []
        rows = "rows" if self.whole else "N"
        for mask in self.program.masks:
            wide = self.writer.symbols(mask.name, self.program.inputs[mask.name])[1]
            lines.append(f"for (int k = 0; k < {product([rows, wide])}; k++)")
            lines.append(f"{INDENT}{mask.name}[k] = random_sample(g) < {mask.keep!r};")
        return lines

    def results(self) -> list[str]:
        """What is printed at the end."""
        outputs, rows = self.writer.dimension("OUTPUTS"), self.run.rows
        title = "output:" if rows <= SHOWN else "output for the first rows:"
        lines = ['printf("loss in the last epoch: %.10g\\n", loss);'] * (self.run.epochs > 0)
        lines += [f"{self.predicted()};", f'printf("{title}\\n");']
        lines += [f"for (int k = 0; k < {outputs} * (rows < {SHOWN} ? rows : {SHOWN}); k++)"]
        shown = '"%.10g\\n"' if outputs == "1" else f'k % {outputs} == {outputs} - 1 ? "%.10g\\n" : "%.10g "'
        return [*lines, f"{INDENT}printf({shown}, (double)output[k]);"]


def script(writer: CWriter, run: Run) -> str:
    """A complete program that repeats a run."""
    return Script(writer, run).text()
