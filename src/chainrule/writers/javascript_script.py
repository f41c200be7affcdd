"""Complete programs in JavaScript for node: data, initial weights, the loop over epochs and batches.

All random numbers are those of NumPy's RandomState: the same seed gives the numbers of the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..program.text import parse
from .c_script import most_rows
from .device import flat
from .layout import filled
from .loops import INDENT
from .run import Run
from .scripts import SHOWN, describe_columns, numeral

if TYPE_CHECKING:
    from .javascript import JavaScriptWriter

RANDOM = """\
// The random numbers of NumPy's RandomState: MT19937 (Matsumoto & Nishimura 1998).
const bits = new Uint32Array(624);
let next = 624;

function seed(number) {
    for (let i = 0; i < 624; i++) {
        bits[i] = number;
        number = Math.imul(1812433253, number ^ (number >>> 30)) + i + 1;
    }
    next = 624;
}

function randomBits() {
    if (next === 624) {
        for (let i = 0; i < 624; i++) {
            const x = (bits[i] & 0x80000000) | (bits[(i + 1) % 624] & 0x7fffffff);
            bits[i] = bits[(i + 397) % 624] ^ (x >>> 1) ^ (x & 1 ? 0x9908b0df : 0);
        }
        next = 0;
    }
    let x = bits[next++];
    x ^= x >>> 11;
    x ^= (x << 7) & 0x9d2c5680;
    x ^= (x << 15) & 0xefc60000;
    return (x ^ (x >>> 18)) >>> 0;
}
"""

SAMPLE = """\
// Uniform on [0, 1), 53 bits.
function randomSample() {
    const high = randomBits() >>> 5, low = randomBits() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
}
"""

DRAW = """\
// Uniform on [-limit, limit).
function draw(limit, x) {
    for (let k = 0; k < x.length; k++)
        x[k] = -limit + (limit + limit) * randomSample();
}
"""

SHUFFLE = """\
// A new order of the rows.
function permute(order) {
    for (let i = 0; i < order.length; i++)
        order[i] = i;
    for (let i = order.length - 1; i > 0; i--) {
        let mask = i, j;
        for (let shift = 1; shift < 32; shift *= 2)
            mask |= mask >>> shift;
        do
            j = (randomBits() & mask) >>> 0;
        while (j > i);
        [order[i], order[j]] = [order[j], order[i]];
    }
}
"""

CSV = """\
// The numbers of a CSV with a header line: rows of COLUMNS numbers each.
function readCSV(path) {
    const stop = (message) => {
        console.error(`${path}${message}`);
        process.exit(2);
    };
    let text = "";
    try {
        text = readFileSync(path, "utf8");
    } catch (error) {
        stop(`: ${error.message}`);
    }
    const lines = text.split(/\\r?\\n/);
    while (lines.length && !lines[lines.length - 1].trim())
        lines.pop();
    if (lines.length < 2)
        stop(" has no row below its header line");
    return lines.slice(1).map((line, row) => {
        const cells = line.split(",").map((cell) => cell.trim());
        if (cells.length !== COLUMNS)
            stop(`, line ${row + 2}: ${COLUMNS} columns are needed, ${NEEDED}`);
        return cells.map((cell, column) => {
            const at = `, line ${row + 2}, column ${column + 1}: `;
            if (!/^[+-]?(\\d+\\.?\\d*|\\.\\d+)(e[+-]?\\d+)?$/i.test(cell))
                stop(`${at}${JSON.stringify(cell.slice(0, 40))} is no number`);
            if (!Number.isFinite(@NUMBER@))
                stop(`${at}${cell.slice(0, 40)} is too large`);
            return Number(cell);
        });
    });
}
"""


class Script:
    """One script in the making."""

    def __init__(self, writer: JavaScriptWriter, run: Run) -> None:
        self.writer, self.run, self.program = writer, run, writer.program
        self.most = most_rows(self.program, run)
        self.whole = run.batch_size is None or run.batch_size >= run.rows
        self.shuffled = run.shuffle and not self.whole
        variables = self.program.parameters
        self.given = {
            n: run.starts.get(n, v.values) for n, v in variables.items() if n in run.starts or v.values is not None
        }
        later = self.shuffled or bool(self.program.masks)
        drawn = [n for n, v in variables.items() if v.limit and v.values is None]
        self.drawn = drawn if later else [name for name in drawn if name not in run.starts]
        self.random = later or bool(self.drawn)
        self.masks = {mask.name: mask for mask in self.program.masks}
        self.inputs = [name for name in ("X", "y", "sample_weight") if name in self.program.inputs]

    def text(self) -> str:
        module = self.writer.composed(("step", "predict"), "")
        arguments = {name: self.writer.arguments(self.writer.write_function(name)) for name in ("step", "predict")}
        sampled = bool(self.drawn or self.masks)
        wanted = {RANDOM: self.random, SAMPLE: sampled, DRAW: bool(self.drawn), SHUFFLE: self.shuffled}
        parts = [module, "// --- training ---\n", *(text for text, used in wanted.items() if used), *self.data()]
        main = [*self.set_up(arguments), "", *self.weights(), "", *self.report(arguments), ""]
        main += [*self.loop(arguments), *self.results(arguments)]
        head = 'import { readFileSync } from "node:fs";\n\n' if self.run.X is None else ""
        return head + "\n".join([*parts, *main]) + "\n"

    # --- data ---

    def data(self) -> list[str]:
        run, array = self.run, self.writer.array
        if run.X is None:
            columns = describe_columns(run)
            rounded = "Math.fround(Number(cell))" if run.dtype == "float32" else "Number(cell)"
            width = run.features + run.outputs + (run.sample_weight is not None)
            lines = [CSV.replace("@NUMBER@", rounded)]
            lines += [f'const NEEDED = "{columns}", COLUMNS = {width};', "if (process.argv.length !== 3) {"]
            lines += [
                f'{INDENT}console.error("usage: node SCRIPT DATA.csv\\nDATA.csv has a header line and {columns}");'
            ]
            lines += [f"{INDENT}process.exit(2);", "}", "const table = readCSV(process.argv[2]), rows = table.length;"]
            if self.program.statistics:
                lines += [
                    "if (rows < 2) {",
                    f'{INDENT}console.error("batch norm needs two rows");',
                    f"{INDENT}process.exit(2);",
                    "}",
                ]
            first = 0
            for name in self.given_inputs:
                wide = {"X": run.features, "y": run.outputs}.get(name, 1)
                part = f"table.flatMap((row) => row.slice({first}, {first + wide}))"
                lines.append(f"const {name} = {array}.from({part});")
                first += wide
            return lines
        tables = {"X": run.X, "y": run.y, "sample_weight": run.sample_weight}
        lines = ["// The data.", f"const rows = {run.rows};"]
        for name in self.given_inputs:
            lines += self.table(f"const {name} = ", tables[name])
        return lines

    @property
    def given_inputs(self) -> list[str]:
        return [name for name in self.inputs if name != "sample_weight" or self.run.sample_weight is not None]

    def table(self, before: str, values: object) -> list[str]:
        numbers = [numeral(value, self.run.dtype) for value in flat(values)]
        line = f"{before}{self.writer.array}.of({', '.join(numbers)});"
        if len(line) <= 112:
            return [line]
        return [f"{before}{self.writer.array}.of(", *filled(INDENT, numbers, "", INDENT, 112), ");"]

    # --- the program ---

    def set_up(self, arguments: dict[str, list[str]]) -> list[str]:
        run, array, program = self.run, self.writer.array, self.program
        used = {*arguments["step"], *arguments["predict"]}
        most = "rows" if self.whole else str(self.most)
        lines = ["const w = parameters();"] + ["const m = state();"] * ("m" in used)
        lines += [f"const s = scratch({most});"] * ("s" in used)
        changed = {k: v for k, v in run.hyperparameters.items() if v != program.hyperparameters[k]}
        shown = "".join(f", {name}: {numeral(value, 'float64')}" for name, value in changed.items())
        lines += [f"const h = {{ ...settings{shown} }};"] * ("h" in used)
        if "sample_weight" in self.inputs and run.sample_weight is None:
            lines.append(f"const sample_weight = new {array}(rows).fill(1);")
        for name in (name for name in arguments["step"] if name in program.inputs):
            wide = self.writer.symbols(name, program.inputs[name])[1]
            if name in self.masks or not self.whole:
                own = name if name in self.masks else f"{name}_batch"
                lines.append(f"const {own} = new {array}({most}{'' if wide == '1' else f' * {wide}'});")
        lines.append(f"const output = new {array}(rows * OUTPUTS);")
        return lines + ["const order = Array.from({ length: rows }, (_, n) => n);"] * (not self.whole)

    def weights(self) -> list[str]:
        """The initial values, drawn in the order in which the engine draws them."""
        lines = [f"seed({self.run.seed});"] * self.random
        for name, variable in self.program.parameters.items():
            if name in self.drawn:
                passed = f"  // passed over: {name} is given" if name in self.given else ""
                lines.append(f"draw({self.writer(parse(variable.limit, {}))}, w.{name});{passed}")
            if name in self.given:
                first, *rest = self.table("", self.given[name])
                lines += [f"w.{name}.set({first}", *rest]
                lines[-1] = lines[-1].replace(");", "));")
        return lines

    def call(self, function: str, arguments: dict[str, list[str]], **given: str) -> str:
        return f"{function}({', '.join(given.get(name, name) for name in arguments[function])})"

    def report(self, arguments: dict[str, list[str]]) -> list[str]:
        """The outputs of all rows, and their error."""
        output, most = self.program.prediction, "rows" if self.whole else str(self.most)
        given = {
            "X": "X.subarray(n * INPUTS)",
            output: "output.subarray(n * OUTPUTS)",
            "N": f"Math.min(rows - n, {most})",
        }
        lines = ["function predictAll() {", f"{INDENT}for (let n = 0; n < rows; n += {most})"]
        lines += [f"{INDENT * 2}{self.call('predict', arguments, **given)};", "}", "", "function report(epoch) {"]
        lines += [
            f"{INDENT}predictAll();",
            f"{INDENT}let error = 0;",
            f"{INDENT}for (let k = 0; k < rows * OUTPUTS; k++)",
        ]
        lines.append(f"{INDENT * 2}error += Math.abs(output[k] - y[k]);")
        digits = 12 if self.run.dtype == "float64" else 6
        text = f"epoch ${{epoch}}: mean absolute error ${{short(error / (rows * OUTPUTS), {digits})}}"
        if self.program.probability == "row":
            lines += [
                f"{INDENT}const best = (table, n) => {{",
                f"{INDENT * 2}const row = table.subarray(n * OUTPUTS, (n + 1) * OUTPUTS);",
            ]
            lines += [f"{INDENT * 2}return row.indexOf(Math.max(...row));", f"{INDENT}}};", f"{INDENT}let right = 0;"]
            lines += [
                f"{INDENT}for (let n = 0; n < rows; n++)",
                f"{INDENT * 2}right += best(output, n) === best(y, n);",
            ]
            text += ", right ${(100 * right / rows).toFixed(1)}%"
        lines += [f"{INDENT}console.log(`{text}`);", "}"]
        return [
            *lines,
            "",
            "// So many digits, as few as they need.",
            "function short(x, digits) {",
            f"{INDENT}return String(Number(x.toPrecision(digits)));",
            "}",
        ]

    def loop(self, arguments: dict[str, list[str]]) -> list[str]:
        run = self.run
        counts = "t" in arguments["step"]
        lines = ["let loss = 0;"] + ["let t = 0;"] * counts
        every = run.report_every
        body = ["report(epoch);"] if every == 1 else [f"if (epoch % {every} === 0)", f"{INDENT}report(epoch);"]
        if self.whole:
            body += [*self.new_masks("rows"), f"loss = {self.call('step', arguments, N='rows', t='++t')};"]
        else:
            body += self.batches(arguments)
        return [
            *lines,
            f"for (let epoch = 0; epoch < {run.epochs}; epoch++) {{",
            *(INDENT + line for line in body),
            "}",
        ]

    def batches(self, arguments: dict[str, list[str]]) -> list[str]:
        size, joined = self.run.batch_size or 0, bool(self.program.statistics)
        lines = ["permute(order);"] * self.shuffled
        condition = "start < rows - 1" if joined else "start < rows"
        many = f"rows - start <= {size + 1} ? rows - start : {size}" if joined else f"Math.min(rows - start, {size})"
        remark = "  // no batch of one row" if joined else ""
        lines += [
            "let total = 0;",
            f"for (let start = 0, N; {condition}; start += N) {{",
            f"{INDENT}N = {many};{remark}",
        ]
        gathered = [name for name in arguments["step"] if name in self.inputs]
        lines.append(f"{INDENT}order.slice(start, start + N).forEach((row, n) => {{")
        for name in gathered:
            wide = self.writer.symbols(name, self.program.inputs[name])[1]
            if wide == "1":
                lines.append(f"{INDENT * 2}{name}_batch[n] = {name}[row];")
            else:
                lines.append(
                    f"{INDENT * 2}{name}_batch.set({name}.subarray(row * {wide}, (row + 1) * {wide}), n * {wide});"
                )
        lines += [f"{INDENT}}});", *(INDENT + line for line in self.new_masks("N"))]
        call = self.call("step", arguments, t="++t", **{name: f"{name}_batch" for name in gathered})
        return [*lines, f"{INDENT}total += N * {call};", "}", "loss = total / rows;"]

    def new_masks(self, rows: str) -> list[str]:
        lines = []
        for name, mask in self.masks.items():
            wide = self.writer.symbols(name, self.program.inputs[name])[1]
            lines += [
                f"for (let k = 0; k < {rows} * {wide}; k++)",
                f"{INDENT}{name}[k] = randomSample() < {mask.keep!r} ? 1 : 0;",
            ]
        return lines

    def results(self, arguments: dict[str, list[str]]) -> list[str]:
        title = "output:" if self.run.rows <= SHOWN else "output for the first rows:"
        lines = ["console.log(`loss in the last epoch: ${short(loss, 10)}`);"] * (self.run.epochs > 0)
        lines += ["predictAll();", f'console.log("{title}");', f"for (let n = 0; n < Math.min(rows, {SHOWN}); n++)"]
        row = "Array.from(output.subarray(n * OUTPUTS, (n + 1) * OUTPUTS), (x) => short(x, 10))"
        return [*lines, f'{INDENT}console.log({row}.join(" "));']


def script(writer: JavaScriptWriter, run: Run) -> str:
    """A complete program that repeats a run."""
    return Script(writer, run).text()
