"""Tables of one's own: read and prepared as `chainrule train` does it, their columns' roles told and changeable."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np

from ..data import DataError, Dialect, Preparation, Table, find_roles, listed, printable, quoted, read_csv, split
from ..files.json_text import Record
from .answers import MOST_ROWS, MOST_SEED, parts

MOST_COLUMNS, MOST_BYTES = 50, 64 * 2**20
MOST_INPUTS = 500
TASKS = ("auto", "classification", "regression")
ROLES = ("numeric", "categorical", "ignore")
READ = ("delimiter", "decimal", "encoding", "missing")


def table(body: object) -> dict[str, Any]:
    """A CSV, read and prepared as `chainrule train` does it.

        {"name": "iris.csv", "text": "...", "target": "species", "roles": {"id": "ignore", "year": "categorical"},
         "task": "auto", "test": 0.2, "seed": 0, "read": {"encoding": "cp1252", "decimal": ","}}

    text        of a file in UTF-8; of any other `base64`, its bytes: it is read, or refused as `train` refuses it;
                or its `digest`, which suffices for the table that was read last: {"again": true} asks for the file
    roles       of columns whose role is not to be found by the rules of `data.roles`
    read        how the file is read, where it is not as the rules of `data.dialect` find it

    Without a target: the columns only, and the digest by which a link names the table.
    """
    record = Record(body, "table")
    name, given = record.text("name"), record.text("digest", default="")
    content = None if given else content_of(record)
    target = record.text("target", default="")
    wished = record.take("roles", None) or {}
    task = record.text("task", default="auto")
    dialect = dialect_of(record.take("read", None) or {})
    share = record.number("test", default=0.2)
    seed = record.whole("seed", default=0, most=MOST_SEED)
    record.done()
    if not isinstance(wished, Mapping) or not all(role in ROLES for role in wished.values()):
        raise DataError(f"table, roles: columns, each with one of {', '.join(ROLES)}")
    if task not in TASKS:
        raise DataError(f"table, task: known are {', '.join(TASKS)}")
    if not 0 <= share < 1:
        raise DataError(f"table, test: a share of the rows, at least 0 and below 1, not {share:g}")
    digest = given if content is None else hashlib.sha256(content).hexdigest()[:16]
    found = read_once(digest, content, name, dialect)
    if found is None:
        return {"again": True}
    read = replace(found, source=printable(name, 60))
    if not is_taken(read):
        raise DataError(
            f"{read.source} has {len(read):,} rows and {len(read.columns)} columns; the lab takes at most "
            f"{MOST_ROWS:,} and {MOST_COLUMNS}"
        )
    known = {"names": list(read.names), "count": len(read), "digest": digest}
    if not target:
        return known
    return known | prepared(read, target, {str(key): str(role) for key, role in wished.items()}, task, share, seed)


def is_taken(read: Table) -> bool:
    return len(read) <= MOST_ROWS and len(read.columns) <= MOST_COLUMNS


class Dropped(io.BytesIO):
    """The bytes of a file that has a name elsewhere: messages call it by that."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = printable(name, 60)


class Latest:
    """Reads tables and keeps the last one, by its digest: a page that changes a role sends no file again."""

    def __init__(self) -> None:
        self.known: tuple[str, Dialect, Table] | None = None

    def __call__(self, digest: str, content: bytes | None, name: str, dialect: Dialect) -> Table | None:
        """The table; None: it is not the one that is kept, and there is no content to read."""
        known = self.known
        if known is None or known[:2] != (digest, dialect):
            if content is None:
                return None
            self.known = None  # two large ones are not held at once
            known = digest, dialect, read_csv(Dropped(content, name), MOST_BYTES, dialect)
            if is_taken(known[2]):
                self.known = known
        return known[2]


read_once = Latest()


def dialect_of(read: object) -> Dialect:
    """How a file is read, said as the options of `train` say it."""
    if not isinstance(read, Mapping) or not all(key in READ and isinstance(text, str) for key, text in read.items()):
        raise DataError(f"table, read: {', '.join(READ)}, each a text")
    said = {key: text for key, text in read.items() if text}
    missing = tuple(filter(None, said.get("missing", "").split(",")))
    return Dialect(said.get("delimiter"), said.get("decimal"), said.get("encoding", "utf-8"), missing)


def content_of(record: Record) -> bytes:
    if not record.has("base64"):
        return record.text("text").encode()
    try:
        return base64.b64decode(record.text("base64"), validate=True)
    except binascii.Error:
        raise DataError("table, base64: this is not base64") from None


def prepared(
    read: Table, target: str, wished: Mapping[str, str], task: str, share: float, seed: int
) -> dict[str, Any]:
    """The rows of a table in two parts, and what was made of each column."""
    goal = read.column(target, "target column").name
    ignored = [name for name in read.names if wished.get(name) == "ignore" and name != goal]
    kept = read.without(ignored)
    if len(kept.columns) == 1:
        raise DataError(f"{read.source}: every column but the target {quoted(goal)} is ignored; keep at least one")
    roles = find_roles(kept, target, cast(Any, task), {name: cast(Any, role) for name, role in wished.items()})
    kept = kept.as_numbers({name for name, role in roles.features if role == "numeric"})  # each cell is one, or missing
    training, test = np.arange(len(kept)), np.arange(0)
    if share and len(kept) > 2:
        training, test = split(len(kept), share, seed, roles.strata(kept))
    preparation = Preparation.fit(kept.take(training), roles)
    if preparation.width > MOST_INPUTS:
        widest = sorted(preparation.features, key=lambda feature: -len(feature.names))[:3]
        raise DataError(
            f"{read.source} makes {preparation.width:,} inputs; the lab takes at most {MOST_INPUTS}.\n"
            f"Ignore columns with many categories: {listed([feature.name for feature in widest])}"
        )
    X, y = preparation.transform(kept), preparation.transform_target(kept)
    classes = [printable(label, 24) for label in preparation.classes]
    if len(classes) == 2:
        y = y[:, 1:]
    remarks = [{"kind": row.kind, "column": printable(row.column), "count": row.cells} for row in roles.remarks]
    scale = getattr(preparation.target, "scale", None)
    return parts(X, X, y, training, test) | {
        "kind": "number" if not classes else "classes" if len(classes) == 2 else "several",
        "columns": list(preparation.feature_names),
        "classes": classes,
        "fixed": True,
        "features": features(preparation),
        "target": {"name": printable(goal), **({} if scale is None else scale._asdict())},
        "remarks": remarks,
    }


def features(preparation: Preparation) -> list[dict[str, Any]]:
    """Each column of the table that is used: its role, its inputs from `begin` on, and how a number was scaled."""
    found, begin = [], 0
    for feature in preparation.features:
        scale = getattr(feature, "scale", None)
        row: dict[str, Any] = {"name": feature.name, "begin": begin, "count": len(feature.names)}
        row["role"] = "categorical" if scale is None else "numeric"
        found.append(row if scale is None else row | {"mean": scale.mean, "deviation": scale.deviation})
        begin += len(feature.names)
    return found


__all__ = ["table"]
