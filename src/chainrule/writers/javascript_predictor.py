"""Stand-alone predictors in JavaScript: `predictRows` for browsers and servers; with node, a CSV in and answers out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .device import WIDTH, flat
from .layout import filled
from .loops import INDENT
from .model import CategoryColumn, TrainedModel
from .names import as_comment
from .predictors import filled_in
from .scripts import numeral

if TYPE_CHECKING:
    from .javascript import JavaScriptWriter

HELPERS = """\
const NUMBER = /^[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?$/;
const BLANK = "[@BLANK@]+";
const BLANKS = new RegExp(`^${BLANK}|${BLANK}$`, "g");

// A cell as a text without blanks around it; empty where it is missing.
function labelOf(cell) {
    return cell === null || cell === undefined || Number.isNaN(cell) ? "" : String(cell).replace(BLANKS, "");
}

// A cell as a number; NaN where it is missing.
function numberOf(cell, place) {
    const text = labelOf(cell);
    if (text && !(NUMBER.test(text) && Number.isFinite(Number(text))))
        throw new Error(`${place()}: "${shown(text.slice(0, 40))}" is not a number`);
    return text ? Number(text) : NaN;
}

// A text with what is not printable escaped.
function shown(text) {
    return text.replace(/[^\\P{C}]/gu, (c) => `\\\\u{${c.codePointAt(0).toString(16)}}`);
}

// X (N, INPUTS) of N rows: objects, column -> text or number.
function prepare(rows, first) {
    const X = new @ARRAY@(rows.length * INPUTS);
    let next = 0;
    for (const row of rows) {
        const n = first + next / INPUTS;
        for (const column of columns) {
            const place = () => `row ${n}, column "${shown(column.name)}"`;
            if (!Object.hasOwn(row, column.name))
                throw new Error(`${place()} is missing`);
            const cell = row[column.name];
            if (column.categories) {
                const label = labelOf(cell);
                for (const category of column.categories)
                    X[next++] = label === category ? 1 : 0;
                continue;
            }
            const number = numberOf(cell, place), missing = Number.isNaN(number);
@REFUSE@            const scaled = ((missing ? column.median : number) - column.mean) / column.deviation;
            if (!Number.isFinite(scaled))
                throw new Error(`${place()}: ${number} is too far from the numbers of the training rows`);
            X[next++] = scaled;
            if (column.indicated)
                X[next++] = missing ? 1 : 0;
        }
    }
    return X;
}
"""

REFUSE = """\
            if (missing && column.median === null)
                throw new Error(`${place()}: the number is missing`);
"""

CSV = """\
// The cells of a CSV: rows of texts; a cell in quotation marks may hold commas, line ends and doubled marks.
function cellsOf(text) {
    const rows = [], part = /("[^"]*(?:""[^"]*)*"|(?!")[^,\\r\\n]*)(,|\\r\\n|\\n|\\r|$)/gy;
    let row = [], blank = 0;
    for (let more = true; more || part.lastIndex < text.length;) {
        const found = part.exec(text);
        if (!found)
            throw new Error(`row ${rows.length + 1}: a quotation mark is out of place`);
        row.push(found[1].startsWith('"') ? found[1].slice(1, -1).replaceAll('""', '"') : found[1]);
        more = found[2] === ",";
        if (!more) {
            const filled = row.length > 1 || found[1];
            if (filled && blank)  // at the end they do no harm
                throw new Error(`row ${blank}: a blank line; remove it`);
            if (filled)
                rows.push(row);
            else
                blank ||= rows.length + 1;
            row = [];
        }
    }
    return rows;
}

// The rows of a CSV with a header line, as objects.
function rowsOf(text) {
    const [header = [], ...rows] = cellsOf(text.replace(/^\\uFEFF/, ""));
    const names = header.map((name) => name.replace(BLANKS, ""));
    if (new Set(names).size < names.length)
        throw new Error("two columns have the same name");
    return rows.map((cells, n) => {
        if (cells.length !== names.length)
            throw new Error(`row ${n + 2}: ${cells.length} cells, but the header has ${names.length}`);
        return Object.fromEntries(cells.map((cell, j) => [names[j], cell]));
    });
}

// The answers as a CSV.
function written(answers) {
    const cellText = (cell) => {
        if (typeof cell === "number")
            return String(Number(cell.toPrecision(@DIGITS@)));
        const text = process.stdout.isTTY ? shown(cell) : cell;
        return /[",\\r\\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    return [answerNames, ...answers].map((cells) => `${cells.map(cellText).join(",")}\\n`).join("");
}

async function main() {
    const { readFileSync, realpathSync } = await import("node:fs");
    const { pathToFileURL } = await import("node:url");
    if (import.meta.url !== pathToFileURL(realpathSync(process.argv[1])).href)
        return;  // imported by another program
    if (process.argv.length !== 3) {
        console.error(`usage: node ${process.argv[1]} NEW.csv`);
        process.exit(2);
    }
    try {
        const bytes = readFileSync(process.argv[2] === "-" ? 0 : process.argv[2]);
        const rows = rowsOf(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
        process.stdout.write(written(predictRows(rows, 2).map((answer) => Object.values(answer))));
    } catch (error) {
        console.error(`${process.argv[2]}: ${error.message}`);
        process.exit(2);
    }
}

if (typeof process !== "undefined" && process.versions?.node && process.argv[1])
    await main();
"""

BLANK = "\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"  # what Python strips


def predictor(writer: JavaScriptWriter, model: TrainedModel) -> str:
    """The network, its weights, the columns, `predictRows`, and a main program for node."""
    head = [f"// {as_comment(writer.program.title)}", "// Derived and written by chainrule; no dependencies.", "//"]
    head += [f"// Predicts the column '{as_comment(model.target)}' of a table.", "//"]
    head += ["//     node predictor.mjs NEW.csv    the answers for the rows of a CSV, as CSV; - reads standard input"]
    head += ["//", "// predictRows(rows) does the same, in a browser too, for objects, column -> text or number;"]
    head += ["// null or an empty text: missing.", ""]
    said = {"BLANK": BLANK, "ARRAY": writer.array, "DIGITS": "9" if model.dtype == "float32" else "17"}
    said["REFUSE"] = REFUSE if model.may_refuse_missing else ""
    network = writer.network(("predict",), "", made=("scratch",))
    parts = [*head, *columns(model), "", *learnt(writer, model), "", network, *filled_in(HELPERS, said), ""]
    return "\n".join([*parts, *answer(writer, model), "", *filled_in(CSV, said)]) + "\n"


def text(value: str) -> str:
    """A text of a user as a literal that means nothing to anything around the program either."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e")


def texts(before: str, values: Sequence[str], after: str, indent: str = INDENT) -> list[str]:
    """`before ["a", "b"] after`, in as few lines as fit."""
    listed = [text(value) for value in values]
    line = f"{before}[{', '.join(listed)}]{after}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{before}[", *filled(indent, listed, ",", indent, WIDTH), f"{indent[len(INDENT):]}]{after}"]


def columns(model: TrainedModel) -> list[str]:
    """What the columns are, the classes, and what the answers are called."""
    lines = ["// The columns, by name: (number - mean) / deviation, the median where it is missing; each category is"]
    lines += ["// an input.", "const columns = ["]
    for column in model.columns:
        opening = f"{INDENT}{{ name: {text(column.name)}, "
        if isinstance(column, CategoryColumn):
            lines += texts(f"{opening}categories: ", column.categories, " },", INDENT * 2)
            continue
        numbers = {key: numeral(getattr(column, key), "float64") for key in ("mean", "deviation")}
        numbers["median"] = "null" if column.median is None else numeral(column.median, "float64")
        if column.deviation == 0.0:
            numbers["deviation"] = "Infinity"  # of a constant column: it becomes 0
        entries = ", ".join(f"{key}: {value}" for key, value in numbers.items())
        indicated = f"indicated: {str(column.indicated).lower()}"
        line = f"{opening}{entries}, {indicated} }},"
        lines += [line] if len(line) <= WIDTH else [f"{opening}{indicated},", f"{INDENT}  {entries} }},"]
    lines += ["];", "", "// What the outputs stand for, and what the answers are called."]
    lines += texts("const classes = ", model.classes, ";") if model.classes else []
    return lines + texts("const answerNames = ", model.answers, ";")


def learnt(writer: JavaScriptWriter, model: TrainedModel) -> list[str]:
    """The weights, and the running statistics of batch norm."""
    lines = ["// What was learned."]
    for letter, variables in (("w", writer.program.parameters), ("m", writer.program.state)):
        names = [name for name in model.weights if name in variables]
        if not names:
            continue
        lines.append(f"const {letter} = {{")
        for name in names:
            listed = [numeral(value, model.dtype) for value in flat(model.weights[name])]
            opening = f"{INDENT}{name}: {writer.array}.of("
            lines += filled(opening, listed, "),", INDENT * 2, WIDTH)
        lines.append("};")
    return lines


def answer(writer: JavaScriptWriter, model: TrainedModel) -> list[str]:
    """`predictRows`."""
    program = writer.program
    function = writer.write_function("predict")
    output = program.prediction
    one = program.prediction_steps[-1].shape[1] == 1
    arguments = ["s" if name == "s" else {"N": "N", output: "p"}.get(name, name) for name in writer.arguments(function)]
    lines = ["// The answer for every row, as an object.", "export function predictRows(rows, first = 1) {"]
    body = ["const N = rows.length, X = prepare(rows, first);", f"const p = new {writer.array}(N * OUTPUTS);"]
    body += ["const s = scratch(N);"] * ("s" in arguments)
    body += [f"predict({', '.join(arguments)});"]
    if not model.classes:
        value = "p[n]"
        if model.is_scaled:
            value += f" * {numeral(model.deviation, 'float64')} + {numeral(model.mean, 'float64')}"
        body.append(f"return rows.map((row, n) => ({{ prediction: {value} }}));")
    else:
        body.append("return rows.map((row, n) => {")
        if one:
            first = "Math.fround(1 - p[n])" if model.dtype == "float32" else "1 - p[n]"
            body.append(f"{INDENT}const outputs = [{first}, p[n]];  // the one output is that of the second class")
        else:
            body.append(f"{INDENT}const outputs = Array.from(p.subarray(n * OUTPUTS, (n + 1) * OUTPUTS));")
        body.append(f"{INDENT}const best = outputs.reduce((k, x, j) => (x > outputs[k] ? j : k), 0);")
        body.append(f"{INDENT}const values = [classes[best], ...outputs];")
        body.append(f"{INDENT}return Object.fromEntries(answerNames.map((name, j) => [name, values[j]]));")
        body.append("});")
    return [*lines, *(INDENT + line for line in body), "}"]
