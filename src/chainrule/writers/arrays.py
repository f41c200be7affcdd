"""The array family: a step is a line. A language says how it spells ops, functions and updates in place."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import ClassVar

from ..messages import say
from ..program.expr import Call, Expr, Name, Number, names, walk
from ..program.ops import OPS, REDUCTIONS, format_shape
from ..program.steps import PHASES, Program, ProgramError, Statement, Step, Update
from ..program.text import Printer, number_text, parse
from .names import as_comment, check_names, founding_names
from .run import Run

WIDTH = 100
INDENT = "    "
HOST = {"sqrt": "math.sqrt({})", "exp": "math.exp({})", "log": "math.log({})", "cos": "math.cos({})",
        "sin": "math.sin({})", "floor": "math.floor({})", "tanh": "math.tanh({})", "abs": "abs({})",
        "minimum": "min({}, {})", "maximum": "max({}, {})", "where": "({1} if {0} else {2})"}  # fmt: skip


class ArrayWriter(Printer):
    """Writes modules, scripts and notebooks.

    spellings       op -> template of a call
    prefix          of the language's array functions, `np.`
    imports         the import lines every module starts with
    """

    language: ClassVar[str] = ""
    forms: ClassVar[tuple[str, ...]] = ("module", "step", "script", "notebook")
    spellings: ClassVar[dict[str, str]] = {}
    prefix: ClassVar[str] = ""
    imports: ClassVar[tuple[str, ...]] = ()
    in_place: ClassVar[bool] = True

    def __init__(
        self, program: Program, *, teaching: bool = False, names: str = "ours", notes: str = "en"
    ) -> None:
        check_names(program)
        if names not in ("ours", "founding"):
            raise ValueError(f"unknown names '{names}'; known: ours, founding")
        self.program = program.full if teaching else program
        self.teaching, self.notes = teaching, notes
        self.founding = founding_names(program) if names == "founding" else {}
        self.used: dict[str, None] = {}  # ops without a spelling, in the order of their use
        self.needs: set[str] = set()  # modules beyond the imports
        self.host = {"N", "t", *program.hyperparameters}
        for step in self.program.steps:
            if isinstance(step, Step) and step.shape == () and set(names_of(step)) <= self.host:
                self.host.add(step.name)

    # --- expressions ---

    def is_host(self, expr: Expr) -> bool:
        """Whether a scalar is computed from plain Python numbers alone."""
        return expr.shape == () and set(names(expr)) <= self.host and not any(
            isinstance(node, Call) and node.op in REDUCTIONS for node in walk(expr)
        )

    def number(self, value: float) -> str:
        if value == math.pi:
            self.needs.add("math")
            return "math.pi"
        return number_text(value)

    def function(self, expr: Call) -> str:
        args = [self(arg) for arg in expr.args]
        if self.is_host(expr) and expr.op in HOST:
            if HOST[expr.op].startswith("math."):
                self.needs.add("math")
            return HOST[expr.op].format(*args)
        if expr.op in self.spellings:
            return self.spell_call(expr, args)
        if OPS[expr.op].definition:
            self.used.setdefault(expr.op)
            return f"{expr.op}({', '.join(args)})"
        raise ProgramError(f"{self.language} has no spelling for {expr.op}, and the op table no definition")

    def spell_call(self, expr: Call, args: list[str]) -> str:
        return self.spellings[expr.op].format(*args)

    # --- statements ---

    def statements(self, steps: Sequence[Statement], headings: bool = True) -> list[str]:
        """The lines of a function body, without indentation, under a heading per phase."""
        lines: list[str] = []
        for phase in PHASES:
            of_phase = [step for step in steps if step.phase == phase]
            if of_phase:
                if headings:
                    lines += [""] * bool(lines) + [f"# {self.heading(phase)}"]
                lines += self.phase(of_phase)
        return self.aligned(lines)

    def heading(self, phase: str) -> str:
        key = "backward_slope" if phase == "backward" else phase
        return say(f"phase.{key}", self.notes) if self.teaching else phase

    def phase(self, steps: Sequence[Statement]) -> list[str]:
        lines: list[str] = []
        for is_update, group in groupby(steps, key=lambda step: isinstance(step, Update)):
            if is_update:
                lines += self.updates([step for step in group if isinstance(step, Update)])
            else:
                lines += self.assignments([step for step in group if isinstance(step, Step)])
        return lines

    def assignments(self, steps: Sequence[Step]) -> list[str]:
        """A line a step; the gradients of one layer share a line."""
        lines, pending = [], list(steps)
        while pending:
            step = pending.pop(0)
            text = self(step.expression)
            targets, values = [step.name], [text]
            if step.note.startswith("gradient_") and not self.teaching and step.name != "gradient_norm":
                while pending and pending[0].number == step.number and pending[0].note.startswith("gradient"):
                    another = self(pending[0].expression)
                    if len(", ".join([*targets, pending[0].name, *values, another])) > WIDTH - 10:
                        break
                    targets.append(pending.pop(0).name)
                    values.append(another)
            line = f"{', '.join(targets)} = {', '.join(values)}"
            lines += self.wrapped(line) if not self.teaching else [line + self.remark(step)]
        return lines

    def remark(self, step: Step | Update) -> str:
        """The comment of the teaching form: shape, note, founding name."""
        parts = []
        if self.teaching:
            shape = format_shape(step.shape) if step.shape else ""
            parts = [shape, say(f"note.{step.note}", self.notes)]
        if self.teaching and step.name in self.founding:
            parts.append(f"[{self.founding[step.name]}]")
        return "  # " + "  ".join(filter(None, parts)) if parts else ""

    def aligned(self, lines: list[str]) -> list[str]:
        """Comments of the teaching form in one column."""
        if not self.teaching:
            return lines
        split = [line.split("  # ", 1) for line in lines]
        column = max((len(code) for code, *comment in split if comment and len(code) <= 60), default=0)
        return [f"{code.ljust(column)}  # {comment[0]}" if comment else code for code, *comment in split]

    def wrapped(self, line: str) -> list[str]:
        """A long line in several, broken at a + inside brackets."""
        if len(line) <= WIDTH - 4 or " + " not in line:
            return [line]
        target, value = line.split(" = ", 1)
        lines, current = [f"{target} = ("], INDENT
        for i, term in enumerate(top_level_terms(value)):
            piece = term if i == 0 else f" + {term}"
            if len(current) + len(piece) > WIDTH - 6 and current.strip():
                lines.append(current)
                current, piece = INDENT, piece.lstrip()
            current += piece
        return [*lines, current, ")"]

    # --- updates ---

    def updates(self, updates: Sequence[Update]) -> list[str]:
        """A line each where the rule is one line, otherwise one loop over all parameters with that rule."""
        lines = []
        for rule, group in groupby(updates, key=lambda update: update.rule):
            together = list(group)
            if len(rule) > 1 and len(together) > 1 and not self.teaching:
                lines += self.loop(together)
            else:
                for update in together:
                    several = [self.assign(target, expression) for target, expression in update.assignments]
                    several[-1] += self.remark(update)
                    lines += several
        return lines

    def loop(self, updates: list[Update]) -> list[str]:
        raise NotImplementedError

    def formal(self, update: Update) -> tuple[list[str], list[str]]:
        """The rule in terms of `w`, `dw` and the slots' letters: those names, and the statements."""
        letters = [slot[: -len(update.name)] for slot in update.slots]
        assert update.gradient is not None
        gradient = rename_gradient(update.gradient, f"d{update.name}")
        bound: dict[str, Expr] = {name: Name(name) for name in (*self.program.environment, "t")}
        bound |= {"w": Name("w", ("K",)), "g": gradient} | {letter: Name(letter, ("K",)) for letter in letters}
        lines = []
        for text in update.rule:
            target, formula = (part.strip() for part in text.split("=", 1))
            operator = target[-1] if target[-1] in "+-*" else ""
            target = target.rstrip("+-* ")
            value = self(parse(formula, bound))
            lines.append(self.assign_text(target, operator, value))
        return ["w", "dw", *letters], lines

    def assign(self, target: str, expression: Expr) -> str:
        """An assignment to a parameter or a piece of state."""
        operators = {"add": "+", "subtract": "-", "multiply": "*"}
        if isinstance(expression, Call) and expression.op in operators:
            left, right = expression.args
            if isinstance(left, Name) and left.name == target:
                minimum = 0
                return self.assign_text(target, operators[expression.op], self.text(right, minimum))
        return self.assign_text(target, "", self(expression))

    def assign_text(self, target: str, operator: str, value: str) -> str:
        place = target if operator or not self.in_place else f"{target}[...]"
        return f"{place} {operator}= {value}"

    # --- functions ---

    def signature(self, function: str) -> tuple[list[str], list[str]]:
        """The arguments of a function, and the lines that unpack parameters and state."""
        program = self.program
        running = [name for name in program.state if name.startswith("running_")]
        if function in ("predict", "evaluate"):
            state = ["*_", *running] if 0 < len(running) < len(program.state) else running
            arguments = ["X", "y"][: 1 if function == "predict" else 2]
            hyperparameters: list[str] = []
        else:
            state = list(program.state)
            arguments = list(program.inputs)
            hyperparameters = [f"{name}={default_text(value)}" for name, value in program.hyperparameters.items()]
        arguments += ["parameters", "state"] if state else ["parameters"]
        if function in ("step", "trace") and program.counts_steps:
            arguments.append("t")
        unpack = unpacked(list(program.parameters), "parameters")
        if state:
            unpack += unpacked(state, "state")
        return [*arguments, *hyperparameters], unpack

    def define(self, function: str) -> list[str]:
        """One of the module's functions: step, predict, evaluate or trace."""
        arguments, unpack = self.signature(function)
        body = getattr(self, f"body_of_{function}")()
        counted = [] if not any("N" in names_in(step) for step in self.steps_of(function)) else ["N = len(X)"]
        head = filled(f"def {function}(", arguments, "):", " " * len(f"def {function}("))
        lines = [*head, f'{INDENT}"""{self.docstring(function)}"""']
        blank = [""] if function in ("step", "trace") else []
        lines += [INDENT + line if line else "" for line in [*unpack, *counted, *blank, *body]]
        return [*self.decorators(function), *lines]

    def steps_of(self, function: str) -> Sequence[Statement]:
        program = self.program
        return {"predict": program.prediction_steps, "evaluate": program.evaluation_steps}.get(function, program.steps)

    def decorators(self, function: str) -> list[str]:
        return []

    def docstring(self, function: str) -> str:
        raise NotImplementedError

    def body_of_step(self) -> list[str]:
        return [*self.statements(self.program.steps), "", *self.returned()]

    def returned(self) -> list[str]:
        return [f"return {self.program.loss}"]

    def body_of_predict(self) -> list[str]:
        *before, last = self.program.prediction_steps
        if self.teaching:
            return [*self.statements(self.program.prediction_steps, headings=False), f"return {last.name}"]
        return [*self.assignments(before), f"return {self(last.expression)}"]

    def body_of_evaluate(self) -> list[str]:
        *before, last = self.program.evaluation_steps
        return [*self.assignments(before), f"return {self.program.prediction}, {self(last.expression)}"]

    def body_of_trace(self) -> list[str]:
        """Every named step, as a dict in program order; nothing is updated."""
        steps = [step for step in self.program.steps if isinstance(step, Step)]
        lines = self.statements(steps)
        return [*lines, "", *filled("return {", [f'"{step.name}": {step.name}' for step in steps], "}", " " * 8)]

    def definitions(self) -> list[str]:
        """The functions that the language lacks, each defined in smaller ops, those it needs first."""
        done: dict[str, list[str]] = {}
        while pending := [op for op in self.used if op not in done]:
            for op in pending:
                done[op] = self.definition(op)
        order = sorted(done, key=lambda op: (sum(f"{other}(" in "\n".join(done[op]) for other in done), op))
        return [line for op in order for line in [*done[op], "", ""]]

    def definition(self, op: str) -> list[str]:
        row = OPS[op]
        bound: dict[str, Expr] = {name: Name(name, ("N", "K")) for name in row.arguments}
        lines = [f"def {op}({', '.join(row.arguments)}):"]
        *assigned, result = row.definition.split(";")
        for text in assigned:
            name, formula = (part.strip() for part in text.split("=", 1))
            value = parse(formula, bound)
            bound[name] = Name(name, value.shape)
            lines.append(f"{INDENT}{name} = {self(value)}")
        return [*lines, f"{INDENT}return {self(parse(result, bound))}"]

    # --- whole files ---

    def step(self) -> str:
        """The statements of the step alone."""
        if self.founding and not self.teaching:
            return "\n".join(self.with_founding(self.statements(self.program.steps))) + "\n"
        return "\n".join(self.statements(self.program.steps)) + "\n"

    def with_founding(self, lines: list[str]) -> list[str]:
        """The founding texts' name beside each assignment."""
        found = []
        for line in lines:
            target = line.split("=")[0].split("-")[0].strip()
            name = self.founding.get(target)
            found.append(f"{line}  # {name}" if name and "#" not in line else line)
        return found

    def module(self, functions: Iterable[str] = ("step", "predict"), main: list[str] | None = None) -> str:
        """Imports, the functions the language lacks, and the functions asked for."""
        blocks = [self.define(function) for function in functions]
        if self.founding and not self.teaching:
            blocks = [[*self.with_founding(block)] for block in blocks]
        definitions = self.definitions()
        head = [f'"""{as_comment(self.program.title)}', "", f'{self.provenance()}\n"""', ""]
        lines = [*head, *self.import_lines(), "", "", *definitions]
        for block in blocks:
            lines += [*block, "", ""]
        lines += main or []
        while lines and not lines[-1]:
            lines.pop()
        return "\n".join(lines) + "\n"

    def provenance(self) -> str:
        edited = f" Edited by hand: {', '.join(self.program.edited)}." if self.program.edited else ""
        return f"Derived and written by chainrule; needs {self.requirement}.{edited}"

    requirement: ClassVar[str] = ""

    def import_lines(self) -> list[str]:
        standard = [f"import {name}" for name in sorted(self.needs & {"math", "sys"})]
        return [*standard, *([""] if standard else []), *self.imports]

    def script(self, run: Run) -> str:
        """A complete program: the module, then data, weights and the loop over epochs and batches."""
        if run.X is None:
            self.needs.add("sys")
        return self.module(main=[*self.data(run), "", *self.weights(run), "", *self.training_loop(run)])

    def data(self, run: Run) -> list[str]:
        raise NotImplementedError

    def weights(self, run: Run) -> list[str]:
        raise NotImplementedError

    def training_loop(self, run: Run) -> list[str]:
        raise NotImplementedError

    def notebook(self, run: Run) -> str:
        """A Jupyter notebook: a cell per phase of the first step, then the training loop."""
        steps = {phase: self.program.phase(phase) for phase in PHASES}
        module = [self.define("step"), self.define("predict")]
        definitions = self.definitions()
        cells = [("markdown", [f"# {as_comment(self.program.title)}", "", self.provenance()])]
        data = self.data(run)
        weights = self.weights(run)
        first = self.first_batch(run)
        cells.append(("code", [*self.import_lines(), *([""] * 2 + definitions if definitions else [])]))
        cells += [("code", data), ("code", weights), ("markdown", ["## One step, phase by phase"]), ("code", first)]
        for phase in PHASES:
            if steps[phase] and phase != "update":
                cells.append(("markdown", [f"### {say('phase.' + phase, self.notes)}"]))
                cells.append(("code", self.aligned(self.phase(steps[phase]))))
        cells.append(("markdown", [f"### {say('phase.update', self.notes)}"]))
        cells.append(("code", self.aligned(self.phase(steps["update"]))))
        cells.append(("markdown", ["## The same as functions, and the training from the start"]))
        cells += [("code", block) for block in module]
        cells.append(("code", [*weights, "", *self.training_loop(run)]))
        return notebook_text(cells)

    def first_batch(self, run: Run) -> list[str]:
        raise NotImplementedError


def names_of(step: Step) -> tuple[str, ...]:
    return names(step.expression)


def names_in(statement: Statement) -> set[str]:
    return {name for _, expression in statement.assignments for name in names(expression)}


def tuple_text(listed: Iterable[str]) -> str:
    items = list(listed)
    return f"({items[0]},)" if len(items) == 1 else ", ".join(items)


def unpacked(listed: Sequence[str], source: str) -> list[str]:
    """`W1, b1 = parameters`, in brackets where one line does not hold it."""
    line = f"{tuple_text(listed)} = {source}"
    if len(line) <= WIDTH - 4:
        return [line]
    return ["(", *(INDENT + part for part in filled("", listed, ",", "")), f") = {source}"]


def default_text(value: float) -> str:
    """A default in a signature: a number that shows it is no whole number, `1.0`, `1e-8`."""
    text = number_text(value)
    return text if not text.lstrip("-").isdigit() else f"{text}.0"


def filled(before: str, items: Sequence[str], after: str, indent: str) -> list[str]:
    """`before item, item, ... after` in as few lines as fit; the ones after the first are indented."""
    lines, current = [], before
    for i, item in enumerate(items):
        piece = item + (", " if i < len(items) - 1 else after)
        if len(current.rstrip()) + len(piece.rstrip()) > WIDTH - 4 and current.strip():
            lines.append(current.rstrip())
            current = indent
        current += piece
    return [*lines, current]


def rename_gradient(gradient: Expr, name: str) -> Expr:
    """The gradient of one parameter as that of the loop: `dw`, or `clip_scale * dw`."""
    from ..program.expr import substitute

    if isinstance(gradient, Number):
        return gradient
    return substitute(gradient, {n: Name("dw", ("K",)) if n == name else Name(n) for n in names(gradient)})


def top_level_terms(text: str) -> list[str]:
    """The terms of a sum, split where no bracket is open; a single bracketed call is split inside."""
    depth, terms, current = 0, [], ""
    opened = text.find("(")
    single = text.endswith(")") and closing(text, opened) == len(text) - 1 and opened > 0
    base = 1 if single else 0
    for i, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if depth == base and text[i : i + 3] == " + ":
            terms.append(current)
            current = ""
        else:
            current += character
    return [term.removeprefix("+ ").strip() for term in [*terms, current]]


def closing(text: str, opened: int) -> int:
    depth = 0
    for i in range(opened, len(text)):
        depth += (text[i] == "(") - (text[i] == ")")
        if depth == 0:
            return i
    return -1


def notebook_text(cells: list[tuple[str, list[str]]]) -> str:
    """Cells as the JSON of a notebook (nbformat 4.5)."""
    content = []
    for i, (kind, lines) in enumerate(cells):
        while lines and not lines[-1]:
            lines = lines[:-1]
        source = [line + "\n" for line in lines[:-1]] + lines[-1:]
        cell: dict[str, object] = {"id": f"cell-{i}", "cell_type": kind, "metadata": {}, "source": source}
        content.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": content, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
