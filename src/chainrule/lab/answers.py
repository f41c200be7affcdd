"""What the endpoints answer: plain data in, plain data out. Every refusal is a ValueError that says what and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from ..data import DataError, split
from ..data.dialect import ENCODINGS
from ..engines.reference import evaluate
from ..files import NetworkFile
from ..files.json_text import Record, check_number
from ..formulas.activations import ACTIVATIONS
from ..formulas.initial import LIMITS
from ..formulas.losses import LOSSES
from ..formulas.optimizers import OPTIMIZERS
from ..observe import check_gradients, observed
from ..observe.readiness import table as readiness_table
from ..program.expr import Expr, Name, names
from ..program.steps import Program
from ..program.text import FormulaError, parse
from ..training.batches import check_batch_size, check_for_batch_norm, offsets_of
from ..writers import LANGUAGES, options_of, writer
from ..writers.listing import listing
from .data_sets import DATA_SETS, MOST_POINTS, Array
from .module import arguments, module
from .steps import program_data
from .verdicts import rows as rule_rows

MOST_SEED = 2**32 - 1
MOST_FORMULAS = 12
MOST_ROWS = 50_000
MOST_CHECKED = 10_000  # numbers of the data that an edited program is checked with
MOST_NUMBERS = 20_000  # parameters that the page shows and runs


# --- choices ---------------------------------------------------------------------------------------------------------


def choices() -> dict[str, Any]:
    """The rows of the book, for the page's controls."""
    return {
        "data": [
            {"name": row.name, "kind": row.kind, "columns": list(row.columns), "fixed": row.fixed}
            for row in DATA_SETS.values()
        ],
        "activations": list(ACTIVATIONS),
        "initial": list(LIMITS),
        "losses": [
            {"name": loss.name, "outputs": list(loss.outputs), "fused": list(loss.fused), "target": loss.target}
            for loss in LOSSES.values()
        ],
        "optimizers": [
            {"name": name, "settings": {field.name: field.default for field in fields(row)}}
            for name, row in OPTIMIZERS.items()
            if all(isinstance(field.default, (int, float)) for field in fields(row))
        ],
        "languages": [{"name": name, "teaching": "teaching" in options_of(writer(name))} for name in LANGUAGES],
        "readiness": readiness_table(),
        "encodings": list(ENCODINGS),
    }


# --- data ------------------------------------------------------------------------------------------------------------


def data(body: object) -> dict[str, Any]:
    """The rows of a built-in data set, in two parts, with the inputs that formulas add; numbers are arrays.

    {"set": "circle", "points": 200, "noise": 0.1, "test": 0.3, "seed": 0, "inputs": ["x1**2"]}
    """
    record = Record(body, "data")
    row = record.chosen("set", DATA_SETS)
    points = record.whole("points", default=200, least=4, most=MOST_POINTS)
    noise = record.number("noise", default=0.1)
    share = record.number("test", default=0.0)
    seed = record.whole("seed", default=0, most=MOST_SEED)
    formulas = read_formulas(record.texts("inputs", default=[], most=MOST_FORMULAS), row.columns)
    record.done()
    if not 0 <= noise <= 1:
        raise DataError(f"data, noise: a number from 0 to 1, not {noise:g}")
    if not 0 <= share < 1:
        raise DataError(f"data, test: a share of the rows, at least 0 and below 1, not {share:g}")
    rows, y = row.make(points, noise, np.random.RandomState(seed))
    X = with_formulas(rows, formulas, row.columns)
    training, test = np.arange(len(rows)), np.arange(0)
    if share and not row.fixed:
        strata = None if row.kind == "number" else y @ np.arange(1, y.shape[1] + 1)
        training, test = split(len(rows), share, seed, strata)
    found = parts(rows, X, y, training, test)
    classes = [str(i) for i in range(10)] if row.kind == "several" else ["0", "1"] if row.kind == "classes" else []
    return found | {"kind": row.kind, "columns": list(row.columns), "classes": classes, "fixed": row.fixed}


def parts(rows: Array, X: Array, y: Array, training: Any, test: Any) -> dict[str, Any]:
    """Rows as given, as the network takes them, and their targets, each array flat; what is the same is one array."""

    def part(chosen: Any) -> dict[str, Any]:
        picked = X[chosen].ravel()
        given = picked if rows is X else rows[chosen].ravel()
        return {"count": len(chosen), "rows": given, "X": picked, "y": y[chosen].ravel()}

    return {"training": part(training), "test": part(test), "given": rows.shape[1], "inputs": X.shape[1],
            "outputs": y.shape[1]}  # fmt: skip


def read_formulas(texts: Sequence[str], columns: Sequence[str]) -> list[Expr]:
    """Formulas of the columns, `x1 * x2`, in our grammar.  FormulaError: what cannot be read, and where."""
    known = {name: Name(name) for name in columns}
    found = []
    for text in texts:
        formula = parse(text, known)
        if formula.shape != () or not names(formula):
            raise FormulaError(f"a further input is a formula of {', '.join(columns)}", text, 0)
        found.append(formula)
    return found


def with_formulas(rows: Array, formulas: Sequence[Expr], columns: Sequence[str]) -> Array:
    """X (N, D + formulas).  DataError: a formula that is not finite for some row."""
    values = {name: rows[:, i] for i, name in enumerate(columns)}
    with np.errstate(all="ignore"):
        further = [np.broadcast_to(np.asarray(evaluate(f, values), dtype=np.float64), len(rows)) for f in formulas]
    for formula, column in zip(formulas, further, strict=True):
        if not np.isfinite(column).all():
            row = int(np.argmin(np.isfinite(column)))
            at = ", ".join(f"{name} = {rows[row, i]:.6g}" for i, name in enumerate(columns))
            raise DataError(f"inputs: {formula} is not a finite number where {at}")
    return np.column_stack([rows, *further]) if further else rows


# --- programs --------------------------------------------------------------------------------------------------------


def declared(record: Record) -> tuple[Program, list[Expr], list[str]]:
    """The program of a request's network, and the formulas of its inputs."""
    columns = record.texts("columns", most=2000)
    texts = record.texts("inputs", default=[], most=MOST_FORMULAS)
    network = record.take("network")
    if not isinstance(network, dict):
        raise DataError("program, network: a network file is expected")
    width = len(columns) + len(texts)
    given = {"format": "chainrule network 1", "inputs": width, **network}
    file = NetworkFile.from_dict(given, "network")
    for part in ("loss", "optimizer"):
        if getattr(file, part) is None:
            raise DataError(f"network: the entry {part} is missing")
    program = file.derive()
    edits = record.take("edits", None) or {}
    if not isinstance(edits, dict) or not all(isinstance(text, str) for text in edits.values()):
        raise DataError("program, edits: names of steps, and formulas")
    for name, text in edits.items():
        program = program.replace(str(name), text)
    check_size(program)
    return program, read_formulas(texts, columns) if texts else [], columns


def program(body: object) -> dict[str, Any]:
    """A declared network as a program that the page can run.

    {"columns": ["x1", "x2"], "inputs": ["x1**2"], "network": {...network file...}, "rows": 140, "batch": 10,
     "edits": {"delta2": "(a2 - y)**3"}}
    """
    record = Record(body, "program")
    made, formulas, columns = declared(record)
    rows = record.whole("rows", least=1, most=MOST_ROWS)
    batch = record.take("batch", None)
    verdict = verdict_on(made, record)
    record.done()
    return runnable(made, columns, rows, batch, formulas) | {"verdict": verdict}


def check_size(program: Program) -> None:
    """DataError: a network with more parameters than a page can show."""
    count = sum(int(np.prod([int(n) for n in v.shape])) for v in program.parameters.values())
    if count > MOST_NUMBERS:
        raise DataError(f"network: {count:,} parameters; the lab shows at most {MOST_NUMBERS:,}")


def runnable(
    program: Program, columns: Sequence[str], rows: int, batch: object, formulas: Sequence[Expr] = ()
) -> dict[str, Any]:
    """A program with its JavaScript, for so many rows of these columns."""
    begins = offsets(rows, batch, bool(program.statistics))
    seen = observed(program)  # its trace shows the observations too; its step computes none of them
    text = module(seen, len(columns), formulas, columns)
    return program_data(seen) | {
        "module": text,
        "arguments": arguments(text),
        "rules": rule_rows(seen),
        "offsets": begins,
        "verdict": None,
    }


def offsets(rows: int, batch: object, normed: bool) -> list[int]:
    """Where the batches of an epoch begin, and where the last one ends.  `batch` None: all rows are one."""
    found = offsets_of(rows, rows if batch is None else check_batch_size(batch, rows), joined=normed)
    if normed:
        check_for_batch_norm(found, own=False)
    return [int(at) for at in found]


def verdict_on(made: Program, record: Record) -> dict[str, Any] | None:
    """How far an edited program is from the gradient of its declared loss, on rows `X` and targets `y` of the data."""
    given = {name: record.items(name, default=[], most=MOST_CHECKED) for name in ("X", "y")}
    if not made.edited or not given["X"]:
        return None
    arrays = {}
    for name, shape in (("X", made.inputs["X"]), ("y", made.inputs["y"])):
        numbers = [check_number(value, f"program, {name}") for value in given[name]]
        arrays[name] = np.reshape(numbers, (-1, int(shape[1])))
    found = check_gradients(made, arrays["X"], arrays["y"])
    return {"passed": found.passed, "relative": found.relative if np.isfinite(found.relative) else None}


def source(body: object) -> dict[str, Any]:
    """The program of a request in a language: its text, and the lines of each statement of the step.

    {..., "language": "c", "teaching": true, "notes": "de"}
    """
    record = Record(body, "source")
    language, notes = record.text("language"), record.text("notes", default="en")
    teaching = record.boolean("teaching", default=False)
    made, _, _ = declared(record)
    record.done()
    text = written(made, language, notes if teaching else None, notes)
    return {"text": text, "language": language, "blocks": listed(made, language)}


def listed(program: Program, language: str) -> list[dict[str, Any]]:
    """The lines that a programming language has for each statement of the step."""
    return [asdict(block) for block in listing(program, language)]


def written(program: Program, language: str, explained: str | None, notes: str = "en") -> str:
    """A program in a programming language, explained in one that people read, or plain."""
    options: dict[str, Any] = {}
    if "notes" in options_of(writer(language)):
        options = {"teaching": explained is not None, "notes": explained or notes}
    return program.source(language, **options)


__all__ = ["check_size", "choices", "data", "offsets", "program", "runnable", "source"]
