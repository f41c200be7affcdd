"""Checkpoints: a training between two steps, on disk, so that after whatever happens it goes on as if nothing had.

NAME            the last one saved
NAME.previous   the one before, until the next is safe: what a damaged last one is replaced by
NAME.new        being written; never read
NAME.lock       there while a training uses the name; the system lets go of it when the training dies
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data import DataError, shown_path
from .atomic import check_target, write_file
from .errors import FileError
from .lock import Lock
from .network_file import NetworkFile
from .tensors import Array, Contents, kind_at, read_tensors, to_bytes

FORMAT, CALLED = "chainrule checkpoint 1", "checkpoint"
PARTS = {"network", "settings", "numbers", "provenance"}


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds.

    network     the declaration as in a network file: plain data
    settings, numbers, arrays   of the training: `training.snapshot`
    provenance  who wrote it
    """

    network: dict[str, Any]
    settings: dict[str, Any]
    numbers: dict[str, Any]
    arrays: Mapping[str, Array]
    provenance: dict[str, Any]

    @property
    def epoch(self) -> int:
        """How many epochs are finished."""
        return int(self.numbers["t"]) // int(self.settings["steps_per_epoch"])

    def to_bytes(self) -> bytes:
        """The file."""
        return to_bytes(FORMAT, {part: getattr(self, part) for part in PARTS}, self.arrays)

    @classmethod
    def from_contents(cls, contents: Contents, source: str) -> Checkpoint:
        record = contents.record
        if set(record) != PARTS or not all(isinstance(value, dict) for value in record.values()):
            raise FileError(f"{source}: its record must hold just {', '.join(sorted(PARTS))}")
        for part, name, least in (("numbers", "t", 0), ("settings", "steps_per_epoch", 1)):
            number = record[part].get(name)
            if isinstance(number, bool) or not isinstance(number, int) or number < least:
                raise FileError(f"{source}: {name} must be a whole number of at least {least}")
        NetworkFile.from_dict(record["network"], f"{source}, network")
        return cls(arrays=contents.arrays, **record)


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """The checkpoint in a file, undamaged.  DataError: there is none, and why."""
    return Checkpoint.from_contents(read_tensors(path, FORMAT, CALLED), shown_path(path))


def previous_of(path: Path) -> Path:
    return path.with_name(path.name + ".previous")


class CheckpointPath:
    """A name under which one training at a time keeps its checkpoints. Open, it is locked.

    Raises, on entering
        FileError: another training uses it; it cannot be written; there is a file that is no checkpoint.
    """

    def __init__(self, path: str | os.PathLike[str], option: str = "--checkpoint") -> None:
        self.option = option
        check_target(Path(path), option)
        self.path = Path(os.path.realpath(path))
        self.previous = previous_of(self.path)
        self.temporary = self.path.with_name(self.path.name + ".new")
        self.lock = Lock(self.path)
        self.is_good = True  # whether what is there now may take the place of the previous one

    def __enter__(self) -> CheckpointPath:
        self.lock.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.lock.__exit__(*error)

    @property
    def exists(self) -> bool:
        """Whether there is anything to go on from, damaged or not."""
        return self.path.exists() or self.previous.exists()

    def check_free(self) -> None:
        """Refuse to begin anew where a training has kept its work, or something else is."""
        for path in (self.path, self.previous):
            if not path.exists():
                continue
            if kind_at(path) == FORMAT:
                raise FileError(
                    f"{self.option} {shown_path(path)}: there is a checkpoint already; --resume goes on from it, "
                    "another name begins anew"
                )
            raise FileError(
                f"{self.option} {shown_path(path)}: there is a file that is no checkpoint; take another name"
            )

    def load(self) -> tuple[Checkpoint, str]:
        """The last checkpoint that is undamaged, and what is wrong with the last one where it is the one before.

        Raises
            DataError: neither is undamaged, or what is there is no checkpoint.
        """
        try:
            if self.path.exists() or not self.previous.exists():
                return read_checkpoint(self.path), ""
            told = f"{shown_path(self.path)} is missing"
        except DataError as error:
            told = str(error)
        self.is_good = False
        try:
            return read_checkpoint(self.previous), told
        except DataError:
            raise FileError(told) from None

    def save(self, checkpoint: Checkpoint) -> None:
        """Durably on disk when this returns.

        Raises
            FileError: it cannot be written; what was saved before is still there.
        """
        write_file(self.path, checkpoint.to_bytes(), self.temporary, self.previous if self.is_good else None)
        self.is_good = True

    def clean(self) -> None:
        """Remove what an interrupted run has left half written."""
        for path in (self.temporary, self.previous.with_name(self.previous.name + ".new")):
            with suppress(OSError):
                path.unlink(missing_ok=True)
