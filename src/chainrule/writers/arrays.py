"""The array family: a step is a line. A language says how it spells ops, functions and updates in place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import ClassVar

from ..messages import LANGUAGES, say
from ..program.expr import Call, Expr, Name, names, substitute
from ..program.ops import OPS, Shape, format_shape
from ..program.steps import PHASES, Program, Statement, Step, Update, Variable
from ..program.text import parse
from .expressions import ArrayPrinter, short_number
from .layout import INDENT, ROOM, WIDTH, Line, filled, unpacked, with_comments, wrapped
from .names import as_comment, check_names, founding_legend, founding_names

FUNCTIONS = ("step", "predict", "evaluate", "trace")
PAIRS = {("gradient_weights", "gradient_bias"), ("gradient", "gradient")}  # what may share a line: dW1, db1 = ...


class ArrayWriter(ArrayPrinter):
    """Writes programs as modules.

    imports         the import lines every module starts with
    requirement     what a reader has to install
    in_place        whether arrays can be changed; if not, a step returns the new ones
    """

    forms: ClassVar[tuple[str, ...]] = ("module", "step")
    imports: ClassVar[tuple[str, ...]] = ()
    requirement: ClassVar[str] = ""
    in_place: ClassVar[bool] = True

    def __init__(self, program: Program, *, teaching: bool = False, names: str = "ours", notes: str = "en") -> None:
        super().__init__()
        check_names(program)
        if names not in ("ours", "founding"):
            raise ValueError(f"unknown names '{names}'; known: ours, founding")
        if notes not in LANGUAGES:
            raise ValueError(f"unknown notes '{notes}'; known: {', '.join(LANGUAGES)}")
        self.program = program.full if teaching else program
        self.teaching, self.notes = teaching, notes
        self.founding = founding_names(self.program) if names == "founding" else {}
        self.host = self.host_scalars()

    def host_scalars(self) -> set[str]:
        """What is a plain Python number: N, t, the hyper-parameters and what is computed from those alone."""
        host = {"N", "t", *self.program.hyperparameters}
        for step in self.program.steps:
            if isinstance(step, Step) and step.shape == () and set(names(step.expression)) <= host:
                host.add(step.name)
        return host

    # --- statements ---

    def statements(self, steps: Sequence[Statement], headings: bool = True) -> list[str]:
        """The lines of a function body, without indentation, under a heading per phase."""
        lines: list[Line] = []
        for phase in PHASES:
            of_phase = [step for step in steps if step.phase == phase]
            if of_phase and headings:
                lines += [("", "")] * bool(lines) + [(f"# {self.heading(phase, self.teaching)}", "")]
            lines += self.phase(of_phase)
        return with_comments(lines)

    def say(self, key: str, **values: object) -> str:
        """A text of the catalogue, in the language of the notes."""
        return say(key, self.notes, **values)

    def heading(self, phase: str, explained: bool) -> str:
        slopes = any(isinstance(step, Step) and step.note == "slope" for step in self.program.full.steps)
        return self.say("phase.backward_slope" if phase == "backward" and slopes and explained else f"phase.{phase}")

    def phase(self, steps: Sequence[Statement]) -> list[Line]:
        lines: list[Line] = []
        for is_update, group in groupby(steps, key=lambda step: isinstance(step, Update)):
            if is_update:
                updates = self.updates([step for step in group if isinstance(step, Update)])
                lines += updates if lines or updates[0] != ("", "") else updates[1:]
            else:
                lines += self.assignments([step for step in group if isinstance(step, Step)])
        return lines

    def assignments(self, steps: Sequence[Step]) -> list[Line]:
        """A line a step; the gradients of weights and bias share one."""
        lines: list[Line] = []
        pending = list(steps)
        while pending:
            step = pending.pop(0)
            value = self(step.expression)
            line = f"{step.name} = {value}"
            follows = pending[0] if pending and not self.teaching else step
            if (step.note, follows.note) in PAIRS and step.number == follows.number and follows is not step:
                both = f"{step.name}, {follows.name} = {value}, {self(follows.expression)}"
                if len(both) <= ROOM:
                    line = both
                    pending.pop(0)
            lines += remarked(wrapped(line), self.remark(step.name, step.shape, step.note, *step.more))
        return lines

    def remark(self, name: str, shape: Shape, *keys: str) -> str:
        """The comment on a line: in the teaching form shape and notes, and the founding texts' name where asked for."""
        found = self.founding.get(name, "")
        if not self.teaching:
            return found
        texts = "; ".join(self.say(f"note.{key}") for key in keys)
        return "  ".join(filter(None, (format_shape(shape) if shape else "", texts, f"[{found}]" if found else "")))

    # --- updates ---

    def updates(self, updates: Sequence[Update]) -> list[Line]:
        """A line each where the rule is one line, otherwise one loop over all parameters with that rule."""
        lines: list[Line] = []
        for rule, group in groupby(updates, key=lambda update: update.rule):
            together = list(group)
            if len(rule) > 1 and len(together) > 1:
                lines += self.loop(together)
                continue
            for update in together:
                for (target, expression), note in zip(update.assignments, update.notes, strict=True):
                    assigned = wrapped(self.assign(target, expression))
                    name = update.name if expression is update.expression else ""
                    lines += remarked(assigned, self.remark(name, expression.shape, note))
        return lines

    def loop(self, updates: list[Update]) -> list[Line]:
        """Updates with one rule as a loop, or what the language has in its place."""
        raise NotImplementedError

    def formal(self, update: Update) -> tuple[list[str], list[Line]]:
        """The rule in terms of `w`, `dw` and the slots' letters: those names, and the statements, indented."""
        letters = [slot.removesuffix(update.name) for slot in update.slots]
        assert update.gradient is not None
        own = f"d{update.name}"
        dw: dict[str, Expr] = {n: Name("dw", ("K",)) if n == own else Name(n) for n in names(update.gradient)}
        gradient = substitute(update.gradient, dw)
        lines = []
        if gradient != dw[own]:
            lines.append((f"dw = {self(gradient)}", "clipped_gradient"))
            gradient = dw[own]
        bound: dict[str, Expr] = {name: Name(name) for name in (*self.program.environment, "t")}
        bound |= {"w": Name("w", ("K",)), "g": gradient} | {letter: Name(letter, ("K",)) for letter in letters}
        for text, note in zip(update.rule, update.notes, strict=True):
            target, formula = (part.strip() for part in text.split("=", 1))
            operator = target[-1] if target[-1] in "+-*" else ""
            lines.append((self.assign_text(target.rstrip("+-* "), operator, self(parse(formula, bound))), note))
        statements: list[Line] = []
        for line, note in lines:
            parts = [INDENT + part for part in wrapped(line, ROOM - len(INDENT))]
            statements += remarked(parts, self.remark("", (), note))
        return ["w", "dw", *letters], statements

    def about_loop(self) -> list[Line]:
        """In the teaching form, what a loop over the parameters is."""
        return [("", self.say("note.loop"))] * self.teaching

    def assign(self, target: str, expression: Expr) -> str:
        """An assignment to a parameter or a piece of state: `W1 -= ...` where the expression begins with it."""
        operators = {"add": "+", "subtract": "-", "multiply": "*"}
        if isinstance(expression, Call) and expression.op in operators:
            left, right = expression.args
            if isinstance(left, Name) and left.name == target:
                return self.assign_text(target, operators[expression.op], self(right))
        return self.assign_text(target, "", self(expression))

    def assign_text(self, target: str, operator: str, value: str) -> str:
        place = target if operator or not self.in_place else f"{target}[...]"
        return f"{place} {operator}= {value}"

    # --- functions ---

    def signature(self, function: str) -> tuple[list[str], list[str]]:
        """The arguments of a function, and the lines that unpack parameters and state."""
        program = self.program
        running = list(program.statistics)
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
        opening = f"def {function}("
        head = filled(opening, arguments, "):", " " * len(opening), WIDTH)
        body = getattr(self, f"body_of_{function}")()
        blank = [""] if function in ("step", "trace") else []
        lines = [*self.docstring(function), *unpack, *self.counted(function), *blank, *body]
        return [*self.decorators(function), *head, *(INDENT + line if line else "" for line in lines)]

    def counted(self, function: str) -> list[str]:
        return ["N = len(X)"] if any("N" in names_in(step) for step in self.steps_of(function)) else []

    def steps_of(self, function: str) -> Sequence[Statement]:
        program = self.program
        return {"predict": program.prediction_steps, "evaluate": program.evaluation_steps}.get(
            function, program.steps if function == "trace" else program.training_steps
        )

    def decorators(self, function: str) -> list[str]:
        return []

    def docstring(self, function: str) -> list[str]:
        """What a function does, in a sentence, and what its arguments hold where their names do not say it."""
        inputs, targets = (f"{name} {format_shape(self.program.inputs[name])}" for name in ("X", "y"))
        if function != "step":
            return [f'"""{self.say(f"source.{function}", inputs=inputs, targets=targets)}"""']
        kind = "in_place" if self.in_place else "state" if self.program.state else "parameters"
        text = self.say(f"source.step_{kind}", inputs=inputs, targets=targets)
        more = [*([self.say("source.counter")] if self.program.counts_steps else []), *self.about_inputs()]
        if len(f'"""{text}"""') > ROOM:  # two sentences
            text, results = re.split("; |；", text, maxsplit=1)
            more.insert(0, results[0].upper() + results[1:])
            text += results[-1]
        return [f'"""{text}"""'] if not more else [f'"""{text}', "", *more, '"""']

    def about_inputs(self) -> list[str]:
        """What masks and weights of rows hold."""
        lines = []
        for keep, masks in groupby(self.program.masks, key=lambda mask: mask.keep):
            names = ", ".join(mask.name for mask in masks)
            lines.append(self.say("source.masks", names=names, keep=short_number(keep)))
        return lines + [self.say("source.sample_weight")] * ("sample_weight" in self.program.inputs)

    def about_variables(self) -> list[str]:
        """What parameters and state hold, in order, and what they start with."""
        lines = filled("parameters: ", [self.start(v) for v in self.program.parameters.values()], "", "    ", WIDTH)
        slots = [name for name in self.program.state if name not in self.program.statistics]
        listed = [self.start(v) for name, v in self.program.state.items() if name not in slots]
        if slots:
            one = slots[0] if len(slots) == 1 else self.say("source.range", first=slots[0], last=slots[-1])
            listed.insert(0, self.say("source.slots", names=one))
        return lines + (filled("state: ", listed, "", "    ", WIDTH) if listed else [])

    def start(self, variable: Variable) -> str:
        """`W1 (3, 4) random`"""
        known = {0.0: "zeros", 1.0: "ones"} if variable.shape else {}
        key = "given" if variable.values is not None else "random" if variable.limit else known.get(variable.start)
        start = self.say(f"source.{key}") if key else short_number(variable.start)
        return f"{variable.name} {format_shape(variable.shape)} {start}"

    def body_of_step(self) -> list[str]:
        return [*self.statements(self.program.training_steps), "", *self.returned()]

    def returned(self) -> list[str]:
        return [f"return {self.program.loss}"]

    def body_of_predict(self) -> list[str]:
        *before, last = self.program.prediction_steps
        if self.teaching:
            return [*self.statements(self.program.prediction_steps, headings=False), f"return {last.name}"]
        return [*self.statements(before, headings=False), *wrapped(f"return {self(last.expression)}")]

    def body_of_evaluate(self) -> list[str]:
        lines = self.statements(self.program.evaluation_steps, headings=False)
        return [*lines, f"return {self.program.prediction}, data_loss"]

    def body_of_trace(self) -> list[str]:
        """Every named step, as a dict in program order; nothing is updated."""
        steps = [step for step in self.program.steps if isinstance(step, Step)]
        lines = self.statements(steps)
        return [*lines, "", *filled("return {", [f'"{step.name}": {step.name}' for step in steps], "}", " " * 8)]

    # --- the functions that the language lacks ---

    def definitions(self) -> list[str]:
        """Each function that the language lacks, in smaller ops, in the order of use, those it needs before it."""
        done: dict[str, list[str]] = {}

        def define(op: str) -> None:
            self.used = {}
            text = self.definition(op)
            for needed in self.used:
                if needed not in done:
                    define(needed)
            done[op] = text

        used = self.used
        for op in used:
            if op not in done:
                define(op)
        self.used = used
        return [line for text in done.values() for line in [*text, "", ""]]

    def definition(self, op: str) -> list[str]:
        row = OPS[op]
        bound: dict[str, Expr] = {name: Name(name, ("N", "K")) for name in row.arguments}
        lines = [f"def {op}({', '.join(row.arguments)}):"]
        *assigned, result = row.definition.split(";")
        for text in assigned:
            name, formula = (part.strip() for part in text.split("=", 1))
            value = parse(formula, bound)
            bound[name] = Name(name, value.shape)
            lines += [INDENT + line for line in wrapped(f"{name} = {self(value)}")]
        return [*lines, *(INDENT + line for line in wrapped(f"return {self(parse(result, bound))}"))]

    # --- whole files ---

    def step(self) -> str:
        """The statements of the step alone."""
        legend = [f"# {line}" for line in founding_legend(self.founding, self.notes)] if self.founding else []
        return "\n".join([*legend, *[""] * bool(legend), *self.statements(self.program.steps)]) + "\n"

    def module(
        self, functions: Iterable[str] = ("step", "predict"), set_up: Sequence[str] = (), main: Sequence[str] = ()
    ) -> str:
        """Imports, the functions the language lacks, the functions asked for, and the main program of a script."""
        for function in functions:
            if function not in FUNCTIONS:
                raise ValueError(f"unknown function '{function}'; known: {', '.join(FUNCTIONS)}")
        blocks = [self.define(function) for function in functions]
        definitions = self.definitions()
        lines = [f'"""{as_comment(self.program.title)}', "", *self.provenance()]
        lines += [*([] if main else ["", *self.about_variables()]), '"""', ""]
        lines += [*self.import_lines(), *set_up, "", "", *definitions]
        for block in blocks:
            lines += [*block, "", ""]
        lines += main
        while not lines[-1]:
            lines.pop()
        return "\n".join(lines) + "\n"

    def provenance(self) -> list[str]:
        """Where the file comes from, what it needs, and what the founding texts call things."""
        lines = [self.say("source.provenance", library=self.requirement)]
        if self.program.edited:
            lines.append(self.say("source.edited", names=", ".join(self.program.edited)))
        return lines + (["", *founding_legend(self.founding, self.notes)] if self.founding else [])

    def import_lines(self) -> list[str]:
        standard = [f"import {name}" for name in sorted(self.needs & {"csv", "math", "re", "sys"})]
        return [*standard, *[""] * bool(standard), *self.imports]


def remarked(lines: Sequence[str], comment: str) -> list[Line]:
    """Lines of code with a comment: beside one, above several."""
    if comment and len(lines) > 1:
        return [("", comment), *((line, "") for line in lines)]
    return [(lines[0], comment), *((line, "") for line in lines[1:])]


def names_in(statement: Statement) -> set[str]:
    return {name for _, expression in statement.assignments for name in names(expression)}


def default_text(value: float) -> str:
    """A default in a signature: a number that shows it is no whole number, `1.0`, `1e-8`."""
    text = short_number(value)
    return text if not text.lstrip("-").isdigit() else f"{text}.0"
