"""The array family: a step is a line. A language says how it spells ops, functions and updates in place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import ClassVar

from ..messages import say
from ..program.expr import Call, Expr, Name, names, substitute
from ..program.ops import OPS, format_shape
from ..program.steps import PHASES, Program, Statement, Step, Update
from ..program.text import parse
from .expressions import ArrayPrinter, short_number
from .layout import INDENT, ROOM, WIDTH, filled, unpacked, with_comments, wrapped
from .names import as_comment, check_names, founding_legend, founding_names

PAIRS = {("gradient_weights", "gradient_bias"), ("gradient", "gradient")}  # what may share a line: dW1, db1 = ...
Line = tuple[str, str]  # code and comment


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
                lines += [("", "")] * bool(lines) + [(f"# {self.heading(phase)}", "")]
            lines += self.phase(of_phase)
        return with_comments(lines)

    def heading(self, phase: str) -> str:
        if not self.teaching:
            return phase
        slopes = any(isinstance(step, Step) and step.note == "slope" for step in self.program.steps)
        return say("phase.backward_slope" if phase == "backward" and slopes else f"phase.{phase}", self.notes)

    def phase(self, steps: Sequence[Statement]) -> list[Line]:
        lines: list[Line] = []
        for is_update, group in groupby(steps, key=lambda step: isinstance(step, Update)):
            if is_update:
                updates = self.updates([step for step in group if isinstance(step, Update)])
                lines += updates if lines or updates[0][0] else updates[1:]
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
            lines += self.remarked(wrapped(line), step)
        return lines

    def remarked(self, lines: Sequence[str], step: Step | Update) -> list[Line]:
        first, *rest = lines
        return [(first, self.remark(step)), *((line, "") for line in rest)]

    def remark(self, step: Step | Update) -> str:
        """The comment on a line: in the teaching form shape and note, and the founding texts' name where asked for."""
        found = self.founding.get(step.name, "")
        if not self.teaching:
            return found
        shape = format_shape(step.shape) if step.shape else ""
        return "  ".join(filter(None, (shape, say(f"note.{step.note}", self.notes), f"[{found}]" if found else "")))

    # --- updates ---

    def updates(self, updates: Sequence[Update]) -> list[Line]:
        """A line each where the rule is one line, otherwise one loop over all parameters with that rule."""
        lines: list[Line] = []
        for rule, group in groupby(updates, key=lambda update: update.rule):
            together = list(group)
            if len(rule) > 1 and len(together) > 1 and not self.teaching:
                lines += [(line, "") for line in self.loop(together)]
            else:
                for update in together:
                    *slots, last = [self.assign(target, expression) for target, expression in update.assignments]
                    lines += [(line, "") for slot in slots for line in wrapped(slot)]
                    lines += self.remarked(wrapped(last), update)
        return lines

    def loop(self, updates: list[Update]) -> list[str]:
        """Updates with one rule as a loop, or what the language has in its place."""
        raise NotImplementedError

    def formal(self, update: Update) -> tuple[list[str], list[str]]:
        """The rule in terms of `w`, `dw` and the slots' letters: those names, and the statements."""
        letters = [slot.removesuffix(update.name) for slot in update.slots]
        assert update.gradient is not None
        own = f"d{update.name}"
        dw: dict[str, Expr] = {n: Name("dw", ("K",)) if n == own else Name(n) for n in names(update.gradient)}
        gradient = substitute(update.gradient, dw)
        lines = []
        if gradient != dw[own]:
            lines.append(f"dw = {self(gradient)}")
            gradient = dw[own]
        bound: dict[str, Expr] = {name: Name(name) for name in (*self.program.environment, "t")}
        bound |= {"w": Name("w", ("K",)), "g": gradient} | {letter: Name(letter, ("K",)) for letter in letters}
        for text in update.rule:
            target, formula = (part.strip() for part in text.split("=", 1))
            operator = target[-1] if target[-1] in "+-*" else ""
            lines.append(self.assign_text(target.rstrip("+-* "), operator, self(parse(formula, bound))))
        return ["w", "dw", *letters], [part for line in lines for part in wrapped(line, ROOM - len(INDENT))]

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
        opening = f"def {function}("
        head = filled(opening, arguments, "):", " " * len(opening), WIDTH)
        body = getattr(self, f"body_of_{function}")()
        counted = ["N = len(X)"] if any("N" in names_in(step) for step in self.steps_of(function)) else []
        blank = [""] if function in ("step", "trace") else []
        lines = [*self.docstring(function), *unpack, *counted, *blank, *body]
        return [*self.decorators(function), *head, *(INDENT + line if line else "" for line in lines)]

    def steps_of(self, function: str) -> Sequence[Statement]:
        program = self.program
        return {"predict": program.prediction_steps, "evaluate": program.evaluation_steps}.get(function, program.steps)

    def decorators(self, function: str) -> list[str]:
        return []

    def docstring(self, function: str) -> list[str]:
        """What a function does, in a sentence, and what its arguments hold where their names do not say it."""
        X, y = (f"{name} {format_shape(self.program.inputs[name])}" for name in ("X", "y"))
        if function != "step":
            text = {
                "predict": f"The output for the rows of {X}.",
                "evaluate": "The output and the loss of the data, in prediction mode.",
                "trace": "Every named value of one step; nothing is changed.",
            }[function]
            return [f'"""{text}"""']
        text = f"One training step on {X} and {y}" + ", in place" * self.in_place
        results = "the loss before it"
        if not self.in_place:
            results += ", the new parameters and state" if self.program.state else " and the new parameters"
        more = [*(["t counts the steps, from 1."] if self.program.counts_steps else []), *self.about_inputs()]
        if len(f'"""{text}; returns {results}."""') <= ROOM:
            text = f"{text}; returns {results}"
        else:
            more.insert(0, f"Returns {results}.")
        return [f'"""{text}."""'] if not more else [f'"""{text}.', "", *more, '"""']

    def about_inputs(self) -> list[str]:
        """What masks and weights of rows hold."""
        lines = []
        for keep, masks in groupby(self.program.masks, key=lambda mask: mask.keep):
            names = [mask.name for mask in masks]
            listed = ", ".join(names[:-1]) + " and " * (len(names) > 1) + names[-1]
            holds = "hold" if len(names) > 1 else "holds"
            lines.append(f"{listed} {holds} 1 for a unit that is kept (probability {short_number(keep)}), else 0.")
        weighted = "sample_weight" in self.program.inputs
        return lines + ["sample_weight (N, 1) says how much each row counts."] * weighted

    def body_of_step(self) -> list[str]:
        return [*self.statements(self.program.steps), "", *self.returned()]

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
        return "\n".join(self.statements(self.program.steps)) + "\n"

    def module(
        self, functions: Iterable[str] = ("step", "predict"), set_up: Sequence[str] = (), main: Sequence[str] = ()
    ) -> str:
        """Imports, the functions the language lacks, the functions asked for, and the main program of a script."""
        blocks = [self.define(function) for function in functions]
        definitions = self.definitions()
        lines = [f'"""{as_comment(self.program.title)}', "", *self.provenance(), '"""', ""]
        lines += [*self.import_lines(), *set_up, "", "", *definitions]
        for block in blocks:
            lines += [*block, "", ""]
        lines += main
        while not lines[-1]:
            lines.pop()
        return "\n".join(lines) + "\n"

    def provenance(self) -> list[str]:
        """Where the file comes from, what it needs, and what the founding texts call things."""
        edited = f" Edited by hand: {', '.join(self.program.edited)}." if self.program.edited else ""
        lines = [f"Derived and written by chainrule; needs {self.requirement}.{edited}"]
        return lines + (["", *founding_legend(self.founding, self.notes)] if self.founding else [])

    def import_lines(self) -> list[str]:
        standard = [f"import {name}" for name in sorted(self.needs & {"math", "sys"})]
        return [*standard, *[""] * bool(standard), *self.imports]


def names_in(statement: Statement) -> set[str]:
    return {name for _, expression in statement.assignments for name in names(expression)}


def default_text(value: float) -> str:
    """A default in a signature: a number that shows it is no whole number, `1.0`, `1e-8`."""
    text = short_number(value)
    return text if not text.lstrip("-").isdigit() else f"{text}.0"
