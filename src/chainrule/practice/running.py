"""A learner's file in a process of its own: bounded in time, memory and output, and gone when the time is up.

The bounds are against accidents, an endless loop or a matrix too large. They are no jail: the file has the rights of
whoever checks it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from ..data import DataError, read_regular
from ..engines.engine import Array
from . import child
from .cases import Case

MOST_FILE = 2**20
MOST_PRINTED = 2**20
MOST_ANSWER = 128 * 2**20
KEPT = 4000  # characters of what the file prints


@dataclass(frozen=True)
class Limits:
    """seconds and megabytes that a file may take."""

    seconds: float = 10.0
    megabytes: int = 2048

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= 3600:
            raise ValueError(f"--seconds {self.seconds:g}: a number above 0, at most 3600")
        if not 256 <= self.megabytes <= 2**20:
            raise ValueError(f"--memory {self.megabytes}: megabytes, from 256 to {2**20}")


@dataclass(frozen=True)
class Seen:
    """What one call of `step` did.

    error       {"kind", "text", "line"} where it raised
    returned    what it returned, where that is numbers
    after       parameters and state as they were afterwards
    changed     the inputs that it changed
    values      the values of every variable of the file's functions, one after another
    dots        the variables that were `...`
    """

    error: dict[str, Any] | None
    returned: Array | None
    after: dict[str, Array | None]
    changed: tuple[str, ...]
    values: dict[str, list[Array]]
    dots: frozenset[str]

    @classmethod
    def of(cls, found: dict[str, Any]) -> Seen:
        return cls(
            found["error"],
            found["returned"],
            {**found["parameters"], **found["state"]},
            tuple(map(str, found["changed"])),
            {str(name): list(values) for name, values in found["seen"].items()},
            frozenset(map(str, found["dots"])),
        )


@dataclass(frozen=True)
class Report:
    """What became of a file.

    problem     "" where `step` was called; else syntax, load, no_step, time, memory, output, exit, crash
    error       the exception behind it
    dots        names that the file still assigns `...`, with their lines
    runs        what each case did
    printed     the beginning of what the file printed
    flags       what a grader wants to know: library, program, network
    """

    problem: str = ""
    error: dict[str, Any] | None = None
    dots: dict[str, int] = field(default_factory=dict)
    runs: tuple[Seen, ...] = ()
    printed: str = ""
    flags: tuple[str, ...] = ()


def read_file(path: Path) -> str:
    """The text of a learner's file.  DataError: none, not a regular one, too large, not UTF-8."""
    content = read_regular(path, MOST_FILE)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 at byte {error.start + 1}; save it as UTF-8") from None


def run_file(path: Path, cases: Sequence[Case], limits: Limits) -> Report:
    """Call the `step` of a file in every case, in another process."""
    with TemporaryDirectory(prefix="chainrule-practice-") as folder:
        request, answer = Path(folder, "request.json"), Path(folder, "answer.json")
        secret = secrets.token_hex(16)
        asked = {
            "path": str(path.absolute()),
            "secret": secret,
            "limits": {"seconds": int(limits.seconds) + 1, "memory": limits.megabytes * 2**20, "file": MOST_ANSWER},
            "cases": [case.request for case in cases],
        }
        request.write_text(json.dumps(child.encoded(asked)), encoding="utf-8")
        ended, printed = start([str(request), str(answer)], path.absolute().parent, limits.seconds)
        if ended in ("time", "output"):
            return Report(ended, printed=printed)
        report = read_answer(answer, secret, printed)
    if report is not None:
        return report
    return Report("exit" if ended == "0" else "crash", {"kind": ended, "text": "", "line": 0}, printed=printed)


def start(arguments: list[str], folder: Path, seconds: float) -> tuple[str, str]:
    """Run the child to its end or to ours: how it ended ("time", "output", or its exit status), and what it printed."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:replace", "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    process = subprocess.Popen(
        [sys.executable, child.__file__, *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        cwd=folder, env=environment, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    printed = Printed(process)
    reader = threading.Thread(target=printed.read, args=(process.stdout,), daemon=True)
    reader.start()
    ended = ""
    try:
        ended = str(process.wait(seconds))
    except subprocess.TimeoutExpired:
        ended = "time"
    finally:  # whatever it has started goes with it, also when we are interrupted
        kill(process)
        process.wait()
        reader.join(1.0)
        with contextlib.suppress(OSError):
            process.stdout.close()
    return "output" if printed.too_much else ended, printed.text


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and all of its group."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


class Printed:
    """What a process prints: the beginning is kept, and who prints too much is ended."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process, self.kept, self.count, self.too_much = process, b"", 0, False

    def read(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while block := os.read(stream.fileno(), 65_536):
                self.count += len(block)
                self.kept = (self.kept + block)[: 4 * KEPT] if len(self.kept) < KEPT else self.kept
                if self.count > MOST_PRINTED and not self.too_much:
                    self.too_much = True
                    kill(self.process)

    @property
    def text(self) -> str:
        return self.kept.decode("utf-8", errors="replace")[:KEPT]


def read_answer(path: Path, secret: str, printed: str) -> Report | None:
    """What the child wrote; None where it did not get to its end."""
    try:
        found = child.decoded(json.loads(read_regular(path, MOST_ANSWER)))
        if found["secret"] != secret:
            return None
        problem, error = found["problem"], found["error"]
        if error is not None and error["kind"] == "MemoryError" and problem != "syntax":
            problem = "memory"
        runs = tuple(Seen.of(run) for run in found["runs"])
        if any(run.error and run.error["kind"] == "MemoryError" for run in runs):
            problem = "memory"
        dots = {str(name): int(line) for name, line in found["dots"].items()}
        return Report(str(problem), error, dots, runs, printed, tuple(map(str, found["flags"])))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # DataError among them: no such file
        return None


def run_function(step: Any, cases: Sequence[Case]) -> Report:
    """The same for a function of this process, as a notebook has it; there are no limits here."""
    code = getattr(step, "__code__", None)
    filename = code.co_filename if code is not None else ""
    return Report(runs=tuple(Seen.of(child.observe(step, case.request, filename)) for case in cases))
