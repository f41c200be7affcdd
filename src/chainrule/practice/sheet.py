"""The file a learner gets: what is asked, the data, and the emitted step with the lines to be written left open."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from ..messages import say
from ..program.ops import format_shape
from ..writers import write
from ..writers.layout import filled, words_in_lines
from ..writers.scripts import array
from .cases import Case, cases_of
from .exercise import Exercise, Quantity

MOST_SHOWN = 120  # numbers of an array that is written out; of a larger one the line that draws it
INDENT = "    "
WIDTH = 88


def sheet(exercise: Exercise, file: str, language: str = "en") -> str:
    """The text of the file; `file` is its name, for the commands in its head."""
    module = write(exercise.program, "numpy", functions=("step",), notes=language)
    tree = ast.parse(module)
    head = tree.body[0].end_lineno or 0
    step = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "step")
    lines = module.splitlines()
    before = lines[head : step.lineno - 1]
    while before and not before[-1]:
        before.pop()
    case = cases_of(exercise)[0]
    parts = [
        *docstring(exercise, file, language),
        *before,
        "",
        "",
        f"# {say('practice.sheet_data', language)}",
        *data_lines(case),
        "",
        "",
        *opened(exercise, module, step, language),
        "",
        "",
        'if __name__ == "__main__":',
        f"{INDENT}# {say('practice.sheet_call', language)}",
        *call_lines(case),
        "",
        f"# {say('practice.sheet_line', language)}",
        exercise.line,
    ]
    return "\n".join(parts) + "\n"


# --- the head ------------------------------------------------------------------------------------------------------


def title_of(exercise: Exercise, language: str) -> str:
    """`7. The backward phase of the founding network`, or the network it is about."""
    if not exercise.number:
        return say("practice.title", language, network=exercise.declaration.network.notation)
    from .ladder import LADDER

    return f"{exercise.number}. {say(f'practice.rung_{LADDER[exercise.number - 1].key}', language)}"


def docstring(exercise: Exercise, file: str, language: str) -> list[str]:
    whole = not exercise.missing
    lines = [f'"""{title_of(exercise, language)}', "", exercise.program.title, ""]
    everything = "practice.sheet_whole_state" if exercise.program.state else "practice.sheet_whole"
    asked = say(everything if whole else "practice.sheet_blanks", language, count=len(exercise.missing))
    lines += [*words_in_lines(asked, WIDTH), "", *asked_lines(exercise, language), ""]
    lines += [*words_in_lines(say("practice.sheet_free", language), WIDTH), ""]
    for command in (f"check {file}", f"check {file} --hint", f"watch {file}"):
        lines.append(f"{INDENT}chainrule practice {command}")
    return [*lines, '"""']


def asked_lines(exercise: Exercise, language: str) -> Iterator[str]:
    """A line a quantity: name, shape, what it is."""
    quantities = exercise.asked
    if not exercise.missing:  # the results; what leads to them is the learner's
        quantities = tuple(q for q in exercise.quantities if q.changed or q.name == exercise.program.loss)
    shapes = [format_shape(q.shape) if q.shape else "" for q in quantities]
    wide = max(len(q.name) for q in quantities), max(map(len, shapes))
    for quantity, shape in zip(quantities, shapes, strict=True):
        text = f"{quantity.name.ljust(wide[0])}  {shape.ljust(wide[1])}  {what(quantity, language)}"
        yield f"{INDENT}{text}".rstrip()


def what(quantity: Quantity, language: str) -> str:
    """What a quantity is, in words that do not give away how it is computed."""
    if quantity.of and quantity.note != "slope":
        return say("practice.what_adjoint", language, name=quantity.name, of=quantity.of)
    return say(f"note.{quantity.note}", language)


# --- the data ------------------------------------------------------------------------------------------------------


def data_lines(case: Case) -> Iterator[str]:
    for name, value in {**case.inputs, **case.parameters, **case.state}.items():
        if value.size > MOST_SHOWN and name in case.drawn:
            yield f"{name} = {case.drawn[name].text}"
        elif value.size and not value.any() and value.shape:
            yield f"{name} = np.zeros({value.shape if value.ndim > 1 else value.size})"
        elif value.size and (value == 1).all() and value.shape:
            yield f"{name} = np.ones({value.shape if value.ndim > 1 else value.size})"
        else:  # whole numbers would make an array that cannot hold what is subtracted from it
            yield from array(name, value.tolist(), "float64" if not (value % 1).any() else "")


def call_lines(case: Case) -> list[str]:
    """A call of `step` with this data."""
    lists = [f"[{', '.join(names)}]" for names in (case.parameters, case.state) if names]
    arguments = [*case.inputs, *lists, *([str(case.t)] if case.t is not None else [])]
    opening = f"{INDENT}print(step("
    words = ", ".join(arguments).split(", ")
    return filled(opening, words, "))", " " * len(opening))


# --- the step ------------------------------------------------------------------------------------------------------


def opened(exercise: Exercise, module: str, step: ast.FunctionDef, language: str) -> list[str]:
    """The lines of `step`, with `...` where something is to be written."""
    lines = module.splitlines()
    first, last = step.lineno - 1, step.end_lineno or 0
    known = {quantity.name for quantity in exercise.quantities if not quantity.changed}
    if not exercise.missing:
        given = [s for s in step.body if not set(targets_of(s)) & known]
        kept = [s for s in given if s.lineno <= min(s.lineno for s in step.body if s not in given)]
        end = max(s.end_lineno or 0 for s in kept)
        return [*lines[first:end], "", f"{INDENT}...  # {say('practice.sheet_yours', language)}"]
    changes: dict[int, tuple[int, list[str]]] = {}
    for statement in ast.walk(step):
        if isinstance(statement, (ast.Assign, ast.AugAssign)):
            names = blanks(exercise, statement)
            if names:
                indent = " " * statement.col_offset
                text = f"{indent}{left_open(module, statement, names)}"
                changes[statement.lineno - 1] = ((statement.end_lineno or 0), [remarked(text, exercise, names)])
    found, position = [], first
    while position < last:
        end, new = changes.get(position, (position + 1, [lines[position]]))
        found += new
        position = end
    return found


def targets_of(statement: ast.stmt) -> list[str]:
    """The names that a statement assigns, in place or not."""
    if isinstance(statement, ast.Assign):
        targets = [t for target in statement.targets for t in getattr(target, "elts", [target])]
    else:
        targets = [statement.target] if isinstance(statement, (ast.AugAssign, ast.For)) else []
    return [node.id for target in targets for node in [getattr(target, "value", target)] if isinstance(node, ast.Name)]


def blanks(exercise: Exercise, statement: ast.Assign | ast.AugAssign) -> list[str]:
    """The names asked for that a statement assigns; within a loop over the parameters, by their letters."""
    found = []
    if isinstance(statement.value, ast.Name):  # W1, W2 = parameters
        return []
    for target in targets_of(statement):
        letters = {
            quantity.name
            for update in exercise.program.phase("update")
            for quantity in exercise.quantities
            if quantity.changed and quantity.name in {t for t, _ in update.assignments}
            and target == ("w" if quantity.name == update.name else quantity.name.removesuffix(update.name))
        }  # fmt: skip
        found += [name for name in exercise.missing if name == target or name in letters]
    return found


def left_open(module: str, statement: ast.Assign | ast.AugAssign, names: Sequence[str]) -> str:
    """The statement with `...` for what is to be written."""

    def text(node: ast.AST) -> str:
        return re.sub(r"\s+", " ", ast.get_source_segment(module, node) or "")

    if isinstance(statement, ast.AugAssign):
        return f"{text(statement.target)} {text_of_operator(statement)}= ..."
    target, value = statement.targets[0], statement.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        parts = [
            "..." if text(one) in names else text(other) for one, other in zip(target.elts, value.elts, strict=True)
        ]
        return f"{', '.join(map(text, target.elts))} = {', '.join(parts)}"
    return f"{text(target)} = ..."


def text_of_operator(statement: ast.AugAssign) -> str:
    return {"Add": "+", "Sub": "-", "Mult": "*"}[type(statement.op).__name__]


def remarked(line: str, exercise: Exercise, names: Sequence[str]) -> str:
    """The open line with the shapes of what is asked beside it."""
    by_name = {quantity.name: quantity for quantity in exercise.quantities}
    if not all(re.search(rf"\b{name}\b", line) for name in names):
        return line  # in a loop over the parameters, w is each of them
    shapes = [format_shape(by_name[name].shape) for name in names if by_name[name].shape]
    return f"{line}  # {', '.join(dict.fromkeys(shapes))}" if shapes else line
