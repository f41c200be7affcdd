"""A program and its rows as a page that trains them without a server: the live report, and single figures.

    page = given_page(Given(program, X, y), "en")                       # the lab's screens, all languages
    page = given_page(Given(program, X, y), "en", figure="slope")       # one screen, one language
"""

from __future__ import annotations

import difflib
import gzip
import os
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import DataError, Dialect, printable, read_table
from ..formulas.optimizers import OPTIMIZERS
from ..messages import LANGUAGES
from ..models import load
from ..program.steps import Program
from ..report.report import Report, held_out_rows
from ..writers import options_of, writer
from . import answers
from .built import PAGE, TOPICS, PageMissingError, messages_of
from .carried import Carried

Array = NDArray[np.float64]

SCREENS = ("network", "steps", "slope", "factors", "health", "correlation")
FIGURES = {"slope": "slope", "program": "steps", "error-slope": "factors", "health": "health",
           "correlation": "correlation", "descent": "descent"}  # fmt: skip
SOURCES = ("numpy", "c", "javascript")  # that a report brings along
SPACE = re.compile(r"^\s*//.*\n|^\s+", re.MULTILINE)  # comments, indentation, empty lines: for readers
MOST_CARRIED = 40_000  # numbers of rows and targets in a page
MOST_LAYERS = 8  # that the page has room for
MOST_EPOCHS = 1_000_000
USUAL_BATCH = 32  # a model file does not say with which it was trained


@dataclass(frozen=True)
class Given:
    """What a page without a server trains.

    X, y        training rows (N, D) and their targets (N, K); test rows likewise
    columns     what the inputs are called; classes: what the outputs stand for
    inputs      formulas of the columns; the last inputs are these
    after       epochs that are made when the page opens, and `step` steps
    changes     numbers that are changed by hand on the way, as a link writes them
    told        what else is known of the data: how columns and target were scaled
    """

    program: Program
    X: Array
    y: Array
    test: tuple[Array, Array] | None = None
    columns: Sequence[str] = ()
    classes: Sequence[str] = ()
    seed: int = 1
    batch: int | None = None
    after: int = 0
    step: int = 0
    inputs: Sequence[str] = ()
    changes: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    whole: int = 0  # rows that there were, where these are a sample of them

    @property
    def rows(self) -> int:
        return len(self.X) + (len(self.test[0]) if self.test else 0)

    @property
    def kind(self) -> str:
        """What the targets are: a class in one output, one of several, or a number."""
        told = bool(np.isin(self.y, (0, 1)).all())
        if self.y.shape[1] == 1:
            return "classes" if told else "number"
        return "several" if told and bool((self.y.sum(axis=1) == 1).all()) else "number"

    def sampled(self, most: int = MOST_CARRIED) -> Given:
        """The same with as many rows as a page carries, drawn by the seed."""
        width = self.X.shape[1] + self.y.shape[1]
        if self.rows * width <= most:
            return self
        share = most / (self.rows * width)
        random = np.random.RandomState(self.seed)

        def part(X: Array, y: Array) -> tuple[Array, Array]:
            chosen = np.sort(random.permutation(len(X))[: max(1, int(len(X) * share))])
            return X[chosen], y[chosen]

        X, y = part(self.X, self.y)
        test = part(*self.test) if self.test else None
        batch = None if self.batch is None else min(self.batch, len(X))
        # what was done with all rows is not what these would have done
        return replace(self, X=X, y=y, test=test, batch=batch, whole=self.rows, step=0, changes="")

    def data(self) -> dict[str, Any]:
        """As the page has its data."""
        N, T = len(self.X), len(self.test[0]) if self.test else 0
        X, y = self.X, self.y
        if self.test:
            X, y = np.concatenate([X, self.test[0]]), np.concatenate([y, self.test[1]])
        rows = X[:, : X.shape[1] - len(self.inputs)] if self.inputs else X
        columns = list(self.columns) or [f"x{i + 1}" for i in range(rows.shape[1])]
        classes = list(self.classes) or ([str(k) for k in range(max(2, y.shape[1]))] if self.kind != "number" else [])
        made = answers.parts(rows, X, y, np.arange(N), np.arange(N, N + T))
        return made | dict(self.told) | {"kind": self.kind, "columns": columns, "classes": classes, "fixed": True}

    def answer(self) -> dict[str, Any]:
        """What the page asks for instead of data and program: both, and how the experiment is set."""
        layers = [
            {"units": layer.units, "activation": layer.activation_name}
            for layer in self.program.declaration.network.layers
            if hasattr(layer, "units")
        ]
        answers.check_size(self.program)
        if len(layers) > MOST_LAYERS + 1:
            raise DataError(f"{len(layers)} layers; a page has room for {MOST_LAYERS} before the last")
        columns = list(self.data()["columns"])
        formulas = answers.read_formulas(self.inputs, columns) if self.inputs else []
        program = answers.runnable(self.program, columns, len(self.X), self.batch, formulas)
        declared = self.program.declaration
        rate = self.program.hyperparameters.get("learning_rate", 0.0)
        optimizer = next(name for name, row in OPTIMIZERS.items() if type(declared.optimizer) is row)
        experiment = {
            "layers": layers[:-1], "output": layers[-1]["activation"], "loss": declared.loss.name,
            "optimizer": {"name": optimizer, "rate": rate},
            "batch": self.batch, "seed": self.seed, "inputs": list(self.inputs),
        }  # fmt: skip
        return {"data": self.data(), "program": program, "experiment": experiment, "epoch": self.after,
                "step": self.step, "changes": self.changes, "name": self.name, "whole": self.whole}  # fmt: skip


def given_of(model: str | os.PathLike[str], file: str | os.PathLike[str], dialect: Dialect | None = None) -> Given:
    """The network of a model file with the rows of a table; of its own table, the rows that were held out test it.

    Raises
        DataError: a table that lacks a column or the target; a network that a page cannot train.
    """
    known = load(model, "numpy")
    table = read_table(file, dialect or Dialect())
    known.table(table)  # all columns are there
    report = Report(known, table)
    program = known.model.network.derive()
    further = set(program.inputs) - {"X", "y"}
    if further:
        raise DataError(f"this network is trained with {', '.join(sorted(further))}, which a live page does not have")
    held = held_out_rows(report, file)
    X, y = report.X.astype(np.float64), report.Y.astype(np.float64)
    rest = np.arange(len(X)) if held is None else np.setdiff1d(np.arange(len(X)), held)
    return Given(
        program, X[rest], y[rest], None if held is None else (X[held], y[held]),
        [printable(name) for name in known.preparation.feature_names], [printable(name, 24) for name in known.classes],
        seed=report.seed or 0, batch=min(USUAL_BATCH, len(rest)), name=printable(known.preparation.target.name),
    )  # fmt: skip


def given_page(given: Given, language: str, figure: str | None = None) -> str:
    """The page, one HTML file; `figure` names one of FIGURES, without it the page has all screens.

    Raises
        ValueError: an unknown figure, or a network that is too large for a page.  OSError: the page is not built.
    """
    script, screens = ("lab", SCREENS) if figure is None else (figure_named(figure), ())
    given = given.sampled()
    start = {"language": language, "table": None, "given": True, "screens": screens}
    languages = LANGUAGES if figure is None else (language,)
    carried = Carried(start, languages, plain=figure is not None)
    sources = SOURCES if figure is None else ("numpy",) if figure == "program" else ()
    choices = answers.choices()
    choices["languages"] = [row for row in choices["languages"] if row["name"] in sources]
    answer, code = given.answer(), code_of(script)
    steps = answer["program"]["steps"]
    notes = {note for step in steps for note in (step["note"], *step["more"])}
    shown = {word for word in ("lines", "tree") if re.search(rf"\b{word}\b", code)}
    answer["program"]["steps"] = [read_by(shown, step) for step in steps]
    if not re.search(r"\brules\b", code):  # of the diagnosis, which few figures make
        answer["program"]["rules"], choices["readiness"] = [], {}
    for spelled in languages:
        carried.put(f"messages/{spelled}", None, spoken(code, messages_of(spelled), notes))
    if figure is not None:
        answer["program"]["module"] = SPACE.sub("", answer["program"]["module"])  # it is run there, and shown nowhere
        choices |= {name: [] for name in ("data", "activations", "initial", "losses", "optimizers", "encodings")}
    carried.put("start", None, start | {"languages": list(languages), "choices": choices, "chapters": []})
    carried.put("given", None, answer)
    for name in sources:
        takes = "notes" in options_of(writer(name))
        options: dict[str, Any] = {"teaching": True, "notes": language} if takes else {}
        text, blocks = given.program.source(name, **options), answers.listed(given.program, name)
        carried.put(f"source/{name}", None, {"text": text, "language": name, "blocks": blocks})
    return carried.page(script, f"{given.program.title} - chainrule")


def figure_named(name: str) -> str:
    """The script of a figure.  ValueError: an unknown one, with the nearest."""
    if name in FIGURES:
        return f"figure-{name}"
    near = difflib.get_close_matches(name, FIGURES, 1, 0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"there is no figure {name[:40]!r}{hint}\nfigures: {', '.join(FIGURES)}")


def code_of(script: str) -> str:
    """A built script.  PageMissingError: it has not been built."""
    try:
        return (PAGE / "carried" / f"{script}.js").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PageMissingError from None


def spoken(code: str, texts: dict[str, str], notes: Set[str]) -> dict[str, str]:
    """Those texts that a script can say: its keys, and families of them; of `note.` those of the program's steps."""
    said = set(re.findall(rf"\b(?:{'|'.join(TOPICS)})\.[a-z0-9_]*", code))
    families = tuple(key for key in said if key.endswith(("_", ".")) and key not in ("lab.", "path."))
    known = {f"note.{name}" for name in notes}
    said |= {key for key in texts if key.startswith(families) and (key in known or not key.startswith("note."))}
    return {key: text for key, text in texts.items() if key in said}


def read_by(shown: Set[str], step: dict[str, Any]) -> dict[str, Any]:
    """A step without its lines and expressions where a script shows none."""
    if "lines" not in shown:
        step = step | {"lines": [], "text": ""}
    if "tree" not in shown:
        step = step | {"assigns": [{"name": assigned["name"]} for assigned in step["assigns"]]}
    return step


def compressed(page: str) -> int:
    """Bytes of the page as a web server sends it."""
    return len(gzip.compress(page.encode(), 9, mtime=0))


__all__ = ["FIGURES", "Given", "compressed", "figure_named", "given_of", "given_page"]
