"""The report on a trained network: facts, scores, curves, health, what counts, the program."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import DataError, Dialect, Table, digest_of_file, printable, read_table, split
from ..files import check_target, write_file
from ..messages import choose_language
from ..models import Predictor, load
from ..models.saving import DRAWN
from ..observe.diagnosis import Diagnosis, diagnose
from ..observe.evidence import Recorded
from ..training import Training

Array = NDArray[np.float64]
Course = Mapping[str, Sequence[tuple[int, float]]]  # a name of the history -> (epoch, value)


@dataclass(frozen=True)
class Report:
    """A trained network on rows whose answers are known.

    model       the network; table: the rows
    held_out    whether they are the test rows of its own table, which it has not seen
    course      the losses by epoch, as far as they are known
    run         the training itself, where it was just made
    diagnosis   every rule on that training; where it is over, as far as the model file and these rows tell
    """

    model: Predictor
    table: Table
    held_out: bool = False
    course: Course = field(default_factory=dict)
    run: Training | None = None

    def html(self, language: str | None = None) -> str:
        """The page: one file that opens anywhere, with nothing loaded."""
        from .sections import whole_page

        return whole_page(self, choose_language(language))

    def _repr_html_(self) -> str:
        from html import escape

        style = "width:100%;height:40em;border:0"
        return f'<iframe sandbox style="{style}" srcdoc="{escape(self.html(), quote=True)}"></iframe>'

    @cached_property
    def diagnosis(self) -> Diagnosis:
        if self.run is not None and self.run.t:
            found: Diagnosis = self.run.diagnose()
            return found
        model = self.model.model
        run = Training(
            model.network.derive(), self.X, self.Y, seed=self.seed or 0, engine="numpy", dtype="float64",
            parameters=model.parameters, progress=False,
        )  # fmt: skip
        for name, values in model.statistics.items():
            run.state[name][...] = values
        return diagnose(run, Recorded(self.seed is not None, self.course))

    @property
    def seed(self) -> int | None:
        """That of the training, where its first weights can be drawn again with it."""
        seed = self.model.provenance.get("seed")
        drawn = self.model.provenance.get("start") == DRAWN
        return seed if drawn and type(seed) is int and 0 <= seed < 2**32 else None

    @cached_property
    def X(self) -> Array:
        return self.model.preparation.transform(self.table)

    @cached_property
    def Y(self) -> Array:
        """(N, K) targets as the network has its outputs."""
        preparation = self.model.preparation
        encoded = preparation.transform_target(self.table)
        if preparation.task == "classification":
            return encoded[:, 1:] if self.model.network.outputs == 1 else encoded
        return encoded if self.model.scaled else self.numbers[:, None]

    @cached_property
    def outputs(self) -> Array:
        return self.outputs_of(self.X)

    def outputs_of(self, X: Array) -> Array:
        rows = np.ascontiguousarray(X.astype(self.model.engine.dtype))
        return self.model.engine.predict(rows, self.model.parameters, self.model.state).astype(np.float64)

    @cached_property
    def truth(self) -> NDArray[np.int64]:
        """(N,) the true class of each row."""
        return np.asarray(self.model.preparation.transform_target(self.table).argmax(axis=1), dtype=np.int64)

    @cached_property
    def numbers(self) -> Array:
        """(N,) the true numbers, in the units of the table."""
        preparation = self.model.preparation
        decoded = preparation.inverse_target(preparation.transform_target(self.table))
        return np.asarray(decoded, dtype=np.float64)[:, 0]

    @property
    def title(self) -> str:
        return f"{self.model.network.notation}: {printable(self.model.preparation.target.name)}"

    @property
    def blocks(self) -> list[tuple[str, int, int]]:
        """The columns of the table, and which columns of X each became."""
        found, begin = [], 0
        for feature in self.model.preparation.features:
            end = begin + len(feature.names)
            found.append((printable(feature.name), begin, end))
            begin = end
        return found


def report_on(
    model: Predictor | str | os.PathLike[str],
    data: Table | str | os.PathLike[str] | Any,
    *,
    dialect: Dialect | None = None,
    engine: str = "auto",
) -> Report:
    """A report on a model and rows whose answers are known.

        report_on("iris.safetensors", "examples/iris.csv").html("en")

    model   a Predictor, or the name of a model file
    data    the name of a table, or what `Predictor.predict` takes. Of the very file that the model was trained with,
            the rows that were held out then are taken

    Raises
        DataError: a model that was trained on arrays, a table that lacks a column or the target, an unknown class.
    """
    known = model if isinstance(model, Predictor) else load(model, engine)
    if known.model.preparation is None:
        raise ValueError(f"{known.name} was trained on arrays: there is no table to report on")
    table = read_table(data, dialect or Dialect()) if isinstance(data, str | os.PathLike) else known.table(data)
    known.table(table)  # all columns are there
    if not len(table):
        raise DataError(f"{table.source} has no rows to report on")
    whole = Report(known, table)
    whole.Y  # noqa: B018  the target is there, and its classes are known
    rows = held_out_rows(whole, data)
    return Report(known, table if rows is None else table.take(rows), rows is not None, course_of(known.provenance))


def held_out_rows(report: Report, data: Any) -> NDArray[np.int64] | None:
    """The test rows of the training, if the data is its very table: drawn again as they were then."""
    facts = report.model.provenance
    digest, test, seed = (facts.get(name) for name in ("table_sha256", "test_rows", "seed"))
    if not digest or not isinstance(data, str | os.PathLike) or digest_of_file(Path(data)) != digest:
        return None
    n = len(report.table)
    if not isinstance(test, int) or not isinstance(seed, int) or not 0 < test < n or not 0 <= seed < 2**32:
        return None
    strata = report.truth if report.model.preparation.task == "classification" else None
    return split(n, test / n, seed, strata)[1]


def course_of(provenance: Mapping[str, Any]) -> Course:
    """The losses by epoch that a model file holds: `loss_by_epoch`, `validation_loss_by_epoch`."""
    found = {}
    for name in ("loss", "validation_loss"):
        table = provenance.get(f"{name}_by_epoch")
        if isinstance(table, Mapping):
            pairs = [(int(k), float(v)) for k, v in table.items() if str(k).isdecimal() and is_finite(v)]
            if len(pairs) > 1:
                found[name] = sorted(pairs)
    return found


def is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and bool(np.isfinite(value))


def write_report(
    path: str | os.PathLike[str], report: Report, language: str | None = None, option: str = "the report"
) -> None:
    """Write the page, in one go.  DataError: it cannot be written."""
    target = Path(path)
    check_target(target, option)
    text = report.html(language)
    write_file(target, text.encode("utf-8", "replace"), target.with_name(target.name + ".new"))
