"""Prepared rows on disk, in the dtype of the training: what a table that does not fit into memory becomes."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from ..data import DataError, Shares, Survey
from ..data.survey import TEST, TRAINING, VALIDATION
from ..engines.engine import Array
from .goal import Goal

BLOCK_BYTES = 2**20  # read in one go
SPARE_BYTES = 256 * 2**20  # of disk, left to others


class RowFile:
    """Rows of X (D columns) and Y (K columns), one behind the other in an unnamed temporary file.

    rows        how many there are; digest: of all of them, once they are written
    block_rows  how many make a block: about a megabyte, and whole batches
    """

    def __init__(self, inputs: int, outputs: int, dtype: np.dtype[Any], batch_size: int = 1) -> None:
        self.inputs, self.outputs, self.dtype, self.rows = inputs, outputs, dtype, 0
        self.width = inputs + outputs
        self.block_rows = batch_size * max(1, BLOCK_BYTES // (self.width * dtype.itemsize * batch_size))
        self.file = tempfile.TemporaryFile()  # noqa: SIM115  closed by __exit__
        self.hash = hashlib.sha256()

    def __enter__(self) -> RowFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()

    @property
    def blocks(self) -> int:
        """How many blocks there are, the last one perhaps shorter."""
        return -(-self.rows // self.block_rows)

    @property
    def digest(self) -> str:
        """SHA-256 of the rows written."""
        return self.hash.hexdigest()

    def append(self, X: Array, Y: Array) -> None:
        """Write rows.  DataError: the disk is full."""
        with np.errstate(over="ignore"):
            rows = np.concatenate([X, Y], axis=1).astype(self.dtype)
        if not np.isfinite(rows).all():
            raise DataError(f"a number is too large for {self.dtype}, even when standardised; try --dtype float64")
        content = rows.tobytes()
        try:
            self.file.write(content)
        except OSError as error:
            raise DataError(f"{tempfile.gettempdir()}: {error.strerror}; TMPDIR names another place") from None
        self.hash.update(content)
        self.rows += len(rows)

    def read(self, blocks: Any) -> tuple[Array, Array]:
        """X and Y of the rows of these blocks, one block behind the other."""
        counts = [min(self.block_rows, self.rows - int(block) * self.block_rows) for block in blocks]
        X, Y = (np.empty((sum(counts), columns), self.dtype) for columns in (self.inputs, self.outputs))
        begin = 0
        for block, count in zip(blocks, counts, strict=True):
            self.file.seek(int(block) * self.block_rows * self.width * self.dtype.itemsize)
            content = self.file.read(count * self.width * self.dtype.itemsize)
            rows = np.frombuffer(content, self.dtype).reshape(count, self.width)
            X[begin : begin + count], Y[begin : begin + count] = rows[:, : self.inputs], rows[:, self.inputs :]
            begin += count
        return X, Y


def check_room(rows: int, width: int, itemsize: int) -> None:
    """DataError: the disk of temporary files has no room for so many prepared rows."""
    folder, needed = tempfile.gettempdir(), rows * width * itemsize + SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DataError(
            f"the prepared rows take {needed / 1e9:.1f} GB on disk, but {Path(folder)} has {free / 1e9:.1f} GB free; "
            "TMPDIR names another place"
        )


def prepared(
    found: Survey, goal: Goal, shares: Shares, dtype: np.dtype[Any], batch_size: int,
    said: Callable[[float], None] = lambda share: None,
) -> tuple[RowFile, RowFile, RowFile]:  # fmt: skip
    """The training, test and validation rows of a table, in the second pass over it. `said` hears which share of the
    file was read.

    Raises
        DataError: a cell that does not fit its column, with row and column; no room on the disk.
    """
    preparation, outputs = found.preparation, goal.outputs(found.preparation)
    check_room(found.rows, preparation.width + outputs, dtype.itemsize)
    made = tuple(RowFile(preparation.width, outputs, dtype, batch_size) for _ in range(3))
    try:
        read = 0
        for number, part in enumerate(found.stream.parts(said)):
            goal.check(part)
            kinds = shares.of(number, len(part))
            X, Y = preparation.transform(part), goal.targets(preparation, part)
            for file, kind in zip(made, (TRAINING, TEST, VALIDATION), strict=True):
                file.append(X[kinds == kind], Y[kinds == kind])
            read += len(part)
        if read != found.rows:
            raise DataError(f"{found.stream.source} has changed while it was read")
    except BaseException:
        for file in made:
            file.file.close()
        raise
    training, test, validation = made
    return training, test, validation
