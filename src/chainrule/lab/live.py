"""The experiment in hand as a live report: a page that goes on without the lab, from where the lab stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..data import DataError
from ..files.json_text import Record
from ..messages import LANGUAGES
from ..training.batches import check_batch_size
from . import answers
from .tables import table

MOST_CHANGES = 100_000  # characters
MOST_STEPS = 10**6


def live(body: object) -> dict[str, Any]:
    """The page, and how many rows it carries of how many.

        {"language": "de", "data": {...} or "table": {...}, as these are asked for,
         "columns": [...], "inputs": [...], "network": {...}, "batch": 10, "edits": {...}, "seed": 1,
         "epoch": 12, "step": 3, "changes": "9,W1,2,0.5"}

    Without the file of its table, where another one was read meanwhile: {"again": true}.
    """
    from .given import Given, compressed, given_page  # reads models and writes reports: for this answer only

    record = Record(body, "report")
    language = record.text("language")
    if language not in LANGUAGES:
        raise DataError(f"report, language: known are {', '.join(LANGUAGES)}")
    own = record.has("table")
    made = table(record.take("table")) if own else answers.data(record.take("data"))
    if "again" in made:
        return made
    program, formulas, columns = answers.declared(record)
    batch = record.take("batch", None)
    seed = record.whole("seed", most=answers.MOST_SEED)
    epoch = record.whole("epoch", default=0, most=MOST_STEPS)
    step = record.whole("step", default=0, most=MOST_STEPS)
    changes = record.text("changes", default="")
    record.done()
    if len(changes) > MOST_CHANGES:
        raise DataError(f"report, changes: more than {MOST_CHANGES:,} characters")
    if columns != made["columns"] or program.inputs["y"][1] != made["outputs"]:
        raise DataError("report: the network is one of other data")

    def part(name: str) -> tuple[Any, Any]:
        rows = made[name]
        return rows["X"].reshape(-1, made["inputs"]), rows["y"].reshape(-1, made["outputs"])

    X, y = part("training")
    given = Given(
        program, X, y, part("test") if made["test"]["count"] else None, columns, made["classes"], seed=seed,
        batch=None if batch is None else check_batch_size(batch, len(X)), after=epoch, step=step,
        inputs=[str(formula) for formula in formulas], changes=changes,
        told={name: made[name] for name in ("features", "target") if name in made},
        name=made["target"]["name"] if own else "",
    )  # fmt: skip
    kept = given.sampled()
    page = given_page(replace(kept, after=0) if kept.whole else given, language)
    return {"page": page, "rows": kept.rows, "whole": kept.whole, "bytes": compressed(page)}


__all__ = ["live"]
