"""Stand-alone predictors in C: a row of a table in, a class or a number out, for any device that has libm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..program.text import number_text
from . import device
from .layout import filled
from .loops import INDENT, Function
from .model import CategoryColumn, NumberColumn, TrainedModel
from .names import as_comment
from .predictors import filled_in

if TYPE_CHECKING:
    from .c import CWriter

PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _-+.,:;=()/%&#!<>'")
LONGEST = 4000  # bytes of a text: C99 promises no more than 4095 in a literal

SCALED = """\
static real scaled(double x, double mean, double deviation, double median) {
    return (real)(((x != x ? median : x) - mean) / deviation);
}"""

ONE_HOT = """\
static void one_hot(int code, int count, real *x) {
    for (int j = 0; j < count; j++)
        x[j] = (real)(j == code);
}"""

CODE = """\
int @category_code(int column, const char *text) {
    static const char *const *const texts[] = {@TEXTS@};
    static const int counts[] = {@COUNTS@};
    if (column >= 0 && column < @CATEGORIES@)
        for (int code = 0; code < counts[column]; code++)
            if (strcmp(texts[column][code], text) == 0)
                return code;
    return -1;
}"""

NUMBER = """\
static double number(char **row, int cell) {
    const char *text = row[cell];
    char *end;
    const double found = strtod(text, &end);
    if (*text == '\\0')
        return (double)NAN;
    if (text[strspn(text, "0123456789+-.eE")] != '\\0' || *end != '\\0' || found - found != 0.0) {
        fprintf(stderr, "CELL%d is not a number\\n", cell + 1);
        exit(2);
    }
    return found;
}"""


class Predictor:
    """One predictor in the making."""

    def __init__(self, writer: CWriter, model: TrainedModel) -> None:
        self.writer, self.model = writer, model
        self.network: Function = writer.written(("predict",))[0]
        self.numbers = [column for column in model.columns if isinstance(column, NumberColumn)]
        self.categories = [column for column in model.columns if isinstance(column, CategoryColumn)]
        self.scratch = "s" in writer.arguments(self.network)
        for text in model.texts:
            if len(text.encode()) > LONGEST:
                raise ValueError(f"a text of {len(text.encode()):,} bytes: in C a text has at most {LONGEST:,}")
            if "\0" in text:
                raise ValueError("a text with NUL in it: in C that is where a text ends")

    def text(self) -> str:
        writer = self.writer
        head = writer.head([self.network], guard=False)
        parts = [head + "\n" + "\n".join([*self.about(), *self.declared()]), "/* --- kernels and functions --- */"]
        includes = ["#include <string.h>"] if self.categories else []
        parts.append("\n".join([*includes, writer.body([self.network]).rstrip("\n")]))
        parts += ["/* --- the table --- */", *self.constants(), *self.functions()]
        return "\n\n".join([*parts, self.main()]) + "\n"

    # --- what it says of itself ---

    def about(self) -> list[str]:
        """The comment that says what a row is and what comes out."""
        model, writer = self.model, self.writer
        lines = [f"Predicts the column '{as_comment(model.target)}' of a table. A row of it is"]
        lines += ["    its numbers as they are, (double)NAN where one is missing"] * bool(self.numbers)
        if self.categories:
            lines += ["    its categories as codes: category_code finds that of a text, -1 for an unknown one"]
        lines.append("")
        for i, column in enumerate(self.numbers):
            lines.append(f"    numbers[{i}]     {as_comment(column.name)}")
        for i, category in enumerate(self.categories):
            called = [as_comment(text) or "?" if text else "missing" for text in category.categories[:6]]
            listed = [f"{code} {text}" for code, text in enumerate(called)]
            listed += ["..."] * (len(category.categories) > 6)
            lines.append(f"    categories[{i}]  {as_comment(category.name)}: {', '.join(listed)}")
        size = model.inputs * {"float": 4, "double": 8}[writer.type]
        lines += ["", f"predict_row takes {size:,} bytes of stack more than predict. With -DMAIN this is a program:"]
        lines += [f"    cc -DMAIN predictor.c -lm -o predictor && ./predictor {self.usage}"]
        return ["/* " + lines[0], *(f" * {line}".rstrip() for line in lines[1:]), " */"]

    @property
    def usage(self) -> str:
        """The cells of a row, as they are typed."""
        shown = [f"CELL{i + 1}" for i in range(len(self.model.columns))]
        return " ".join(shown if len(shown) < 5 else [*shown[:3], "...", shown[-1]])

    def declared(self) -> list[str]:
        """Dimensions and prototypes."""
        prefix, dimension = self.writer.prefix, self.writer.dimension
        named = {"NUMBERS": len(self.numbers), "CATEGORIES": len(self.categories)}
        named |= {"CLASSES": len(self.model.classes)} if self.model.classes else {}
        lines = [f"enum {{ {', '.join(f'{dimension(name)} = {value}' for name, value in named.items())} }};", ""]
        if self.model.classes:
            lines += ["/* What the outputs stand for. */"]
            lines += [f"extern const char *const {prefix}class_labels[{dimension('CLASSES')}];"]
        if self.categories:
            lines += ["/* The code of a category in its column; -1 for an unknown one. */"]
            lines += [f"int {prefix}category_code(int column, const char *text);"]
        answer = "The class of a row" if self.model.classes else "The number for a row, in the units of the table"
        lines += [f"/* {answer}; the outputs of the network go to p ({dimension('OUTPUTS')},). */"]
        lines += self.signature(";")
        lines += ["/* 0 where this machine computes what is expected, else the number of the first row that fails. */"]
        return [*lines, f"int {prefix}self_test({self.scratch_argument or 'void'});"]

    @property
    def scratch_argument(self) -> str:
        return f"struct {self.writer.prefix}scratch *s" if self.scratch else ""

    def signature(self, end: str) -> list[str]:
        prefix = self.writer.prefix
        result = "int" if self.model.classes else "double"
        formal = [self.scratch_argument] * self.scratch
        formal += ["const double *numbers", "const int *categories", f"{prefix}real *p"]
        head = f"{result} {prefix}predict_row("
        return filled(head, formal, f"){end}", " " * len(head), device.WIDTH)

    # --- data ---

    def constants(self) -> list[str]:
        """The texts of categories and classes."""
        prefix, blocks = self.writer.prefix, []
        lines = []
        for i, column in enumerate(self.categories):
            lines += texts(f"static const char *const texts{i}[]", column.categories)
        if lines:
            blocks.append("\n".join(["/* The categories, by column and code. */", *lines]))
        if self.model.classes:
            extent = self.writer.dimension("CLASSES")
            blocks.append("\n".join(texts(f"const char *const {prefix}class_labels[{extent}]", self.model.classes)))
        return blocks

    # --- functions ---

    def functions(self) -> list[str]:
        made = [SCALED] * any(column.deviation for column in self.numbers) + [ONE_HOT] * bool(self.categories)
        if self.categories:
            said = {"TEXTS": ", ".join(f"texts{i}" for i in range(len(self.categories)))}
            said |= {"COUNTS": ", ".join(str(len(column.categories)) for column in self.categories)}
            said |= {"CATEGORIES": self.writer.dimension("CATEGORIES")}
            made.append("\n".join(filled_in(CODE, said)).replace("@", self.writer.prefix))
        text = device.DIFFERS.replace("@TOLERANCE@", self.writer.number(self.model.expected.tolerance))
        made.append(self.predict_row())
        made.append(text.replace("@ONE@", self.writer.number(1.0)).replace("@", self.writer.suffix))
        return [*made, self.self_test()]

    def predict_row(self) -> str:
        """The columns one by one, the network, and what its outputs mean."""
        writer, model = self.writer, self.model
        lines = [f"{writer.prefix}real X[{writer.dimension('INPUTS')}];"]
        lines += ["(void)numbers;"] * (not self.numbers) + ["(void)categories;"] * (not self.categories)
        at = number = category = 0
        for column in model.columns:
            if isinstance(column, CategoryColumn):
                call = f"one_hot(categories[{category}], {column.width}, X + {at});"
                lines.append(f"{call}  /* {as_comment(column.name)} */")
                category += 1
            else:
                cell = f"numbers[{number}]"
                given = ", ".join([cell, *map(double, (column.mean, column.deviation))])
                given += ", NAN" if column.median is None else f", {double(column.median)}"
                value = f"scaled({given})" if column.deviation else writer.number(0.0)
                constant = "" if column.deviation else ": the same in all training rows"
                constant += "; never NAN" if column.median is None else ""
                lines.append(f"X[{at}] = {value};  /* {as_comment(column.name)}{constant} */")
                if column.indicated:
                    lines.append(f"X[{at + 1}] = (real)({cell} != {cell});  /* whether it is missing */")
                number += 1
            at += column.width
        given_names = {"N": "1", writer.program.prediction: "p"}
        arguments = ", ".join(given_names.get(name, name) for name in writer.arguments(self.network))
        lines.append(f"{writer.prefix}predict({arguments});")
        return function(self.signature(" {"), [*lines, *self.answer()])

    def answer(self) -> list[str]:
        model = self.model
        if not model.classes:
            value = "(double)p[0]"
            scale = f" * {double(model.deviation)} + {double(model.mean)}" if model.is_scaled else ""
            return [f"return {value}{scale};"]
        if self.is_one:
            return [f"return p[0] > {self.writer.number(0.5)};  /* the one output is that of the second class */"]
        loop = f"for (int j = 1; j < {self.writer.dimension('OUTPUTS')}; j++)"
        return ["int best = 0;", loop, f"{INDENT}best = p[j] > p[best] ? j : best;", "return best;"]

    @property
    def is_one(self) -> bool:
        return self.writer.program.prediction_steps[-1].shape[1] == 1

    def self_test(self) -> str:
        """Rows with every kind of cell in them, and the outputs that they must give."""
        writer, expected = self.writer, self.model.expected
        rows = len(expected.rows)
        lines = []
        for name, kind, columns in (("numbers", "double", self.numbers), ("categories", "int", self.categories)):
            places = [i for i, column in enumerate(self.model.columns) if column in columns]
            cells = [cell_text(self.model.columns[i], row[i]) for row in expected.rows for i in places]
            if cells:
                before = f"static const {kind} {name}[] = {{"
                lines += filled(before, cells, "};", INDENT, device.WIDTH)
        lines += device.numbers(writer, expected.outputs, "static const real outputs[] = ", ";")
        outputs = writer.dimension("OUTPUTS")
        lines += [f"real p[{outputs}];", f"for (int n = 0; n < {rows}; n++) {{"]
        given = ["s"] * self.scratch
        given += [f"numbers + n * {writer.dimension('NUMBERS')}" if self.numbers else "0"]
        given += [f"categories + n * {writer.dimension('CATEGORIES')}" if self.categories else "0", "p"]
        lines += [f"{INDENT}{writer.prefix}predict_row({', '.join(given)});"]
        lines += [f"{INDENT}if (differs({outputs}, p, outputs + n * {outputs}))", f"{INDENT * 2}return n + 1;", "}"]
        return function([f"int {writer.prefix}self_test({self.scratch_argument or 'void'}) {{"], [*lines, "return 0;"])

    def main(self) -> str:
        """A program for a desktop: the cells of one row or more as arguments, an answer a line."""
        writer, model, prefix = self.writer, self.model, self.writer.prefix
        includes = ["#include <stdio.h>", "#include <stdlib.h>", "#include <string.h>"]
        columns = len(model.columns)
        lines = [f"if (argc < 2 || (argc - 1) % {columns} != 0) {{"]
        lines += [f'{INDENT}fputs("usage: predictor {self.usage}\\n", stderr);', f"{INDENT}return 2;", "}"]
        lines += [f"static struct {prefix}scratch scratch, *s = &scratch;"] * self.scratch
        lines += [f"double numbers[{max(1, len(self.numbers))}] = {{0.0}};"]
        lines += [f"int categories[{max(1, len(self.categories))}] = {{0}};"]
        lines += [f"{prefix}real p[{writer.dimension('OUTPUTS')}];"]
        body, number, category = [], 0, 0
        for i, column in enumerate(model.columns):
            cell = f"row[{i}]"
            if isinstance(column, CategoryColumn):
                body.append(f"categories[{category}] = {prefix}category_code({category}, {cell});")
                category += 1
            else:
                body.append(f"numbers[{number}] = number(row, {i});")
                if isinstance(column, NumberColumn) and column.median is None:
                    told = f'fputs("cell {i + 1} of a row is missing\\n", stderr);'
                    body += [f"if (numbers[{number}] != numbers[{number}]) {{", f"{INDENT}{told}"]
                    body += [f"{INDENT}return 2;", "}"]
                number += 1
        call = f"{prefix}predict_row({'s, ' * self.scratch}numbers, categories, p)"
        if not model.classes:
            body.append(f'printf("%.{self.digits}g\\n", {call});')
        else:
            body.append(f"const int found = {call};")
            body.append(f'fputs({"shown" if self.is_shown else f"{prefix}class_labels"}[found], stdout);')
            number_text = f'printf("\\t%.{self.digits}g", (double)@);'
            if self.is_one:
                one = f"({writer.number(1.0)} - p[0])"
                body += [number_text.replace("@", one), number_text.replace("@", "p[0]")]
            else:
                body += [f"for (int j = 0; j < {writer.dimension('OUTPUTS')}; j++)"]
                body += [INDENT + number_text.replace("@", "p[j]")]
            body.append('puts("");')
        lines += [f"for (int first = 1; first < argc; first += {columns}) {{", f"{INDENT}char **row = argv + first;"]
        lines += [*(INDENT + line for line in body), "}", "return 0;"]
        blocks = ["\n".join(includes)] + [NUMBER] * bool(self.numbers)
        if self.is_shown:  # on a terminal
            shown = [ascii(label)[1:-1] for label in model.classes]
            blocks.append("\n".join(texts("static const char *const shown[]", shown)))
        blocks.append(function(["int main(int argc, char **argv) {"], lines))
        return "\n\n".join(["#ifdef MAIN", *blocks, "#endif"])

    @property
    def digits(self) -> str:
        return "9" if self.model.dtype == "float32" else "17"

    @property
    def is_shown(self) -> bool:
        """Whether some label has characters that no terminal should see."""
        return not all(label.isprintable() for label in self.model.classes)


def function(head: Sequence[str], lines: Sequence[str]) -> str:
    return "\n".join([*head, *(INDENT + line if line else "" for line in lines), "}"])


def literal(value: str) -> str:
    """A text of a user as a C literal: everything but the plainest characters as octal bytes."""
    return '"' + "".join(c if c in PLAIN else "".join(f"\\{byte:03o}" for byte in c.encode()) for c in value) + '"'


def texts(declared: str, values: Sequence[str]) -> list[str]:
    """An array of texts, in as few lines as fit."""
    listed = [literal(value) for value in values]
    line = f"{declared} = {{{', '.join(listed)}}};"
    if len(line) <= device.WIDTH:
        return [line]
    return [f"{declared} = {{", *filled(INDENT, listed, ",", INDENT, device.WIDTH), "};"]


def double(value: float) -> str:
    found = number_text(value)
    return found if any(character in found for character in ".e") else f"{found}.0"


def cell_text(column: NumberColumn | CategoryColumn, cell: object) -> str:
    """A cell of the self-test: a number, or the code of a category."""
    if isinstance(column, CategoryColumn):
        return str(list(column.categories).index(str(cell)) if cell in column.categories else -1)
    return "(double)NAN" if cell is None else double(float(str(cell)))


def predictor(writer: CWriter, model: TrainedModel) -> str:
    """One file: the network with its weights, `predict_row`, `self_test`, and on request a main program."""
    return Predictor(writer, model).text()
