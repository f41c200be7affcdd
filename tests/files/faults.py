"""A checkpointed training with a fault at every file operation, one after another; run by test_faults.py.

    python tests/files/faults.py DIRECTORY FAULT

Each training is a process of its own, forked with everything loaded. A fault is what happens at the i-th operation on
the checkpoint's directory: the process is killed before or after it, the disk is full, the device fails, a write stores
half of what it is given (and goes on, or is killed then). After each of them
    every epoch that was reported as saved is still there
    what is there can be resumed, and ends with the weights of the training without a fault
Prints how many operations were gone through; a broken promise is an error.
"""

import contextlib
import errno
import fcntl
import io
import os
import re
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")  # of forking: nothing else runs here

from chainrule.cli import app  # noqa: E402
from chainrule.files import CheckpointPath  # noqa: E402

OPERATIONS = ("open", "write", "pwrite", "fsync", "fstat", "close", "replace", "rename", "link", "unlink", "ftruncate")
FAULTS = ("before", "after", "full", "failing", "short", "torn")


class Injected:
    """The operations of the system, with a fault at number `at` of those on files in `directory`."""

    def __init__(self, directory: Path, fault: str, at: int) -> None:
        self.directory, self.fault, self.at = str(directory), fault, at
        self.count, self.mine = 0, set[int]()
        self.original: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in OPERATIONS}
        for name in OPERATIONS:
            setattr(os, name, self.wrapped(name))
        lock = fcntl.flock
        self.original["flock"] = lock
        fcntl.flock = self.wrapped("flock")

    def wrapped(self, name: str) -> Callable[..., Any]:
        def operation(first: Any, *rest: Any, **options: Any) -> Any:
            ours = first in self.mine if isinstance(first, int) else str(first).startswith(self.directory)
            if not ours:
                return self.original[name](first, *rest, **options)
            self.count += 1
            here = self.count == self.at
            if here:
                self.fail(name)
            if here and name == "write" and self.fault in ("short", "torn"):
                rest = (rest[0][: max(1, len(rest[0]) // 2)],)
            result = self.original[name](first, *rest, **options)
            if name == "open":
                self.mine.add(result)
            elif name == "close":
                self.mine.discard(first)
            if here and (self.fault == "after" or (self.fault == "torn" and name == "write")):
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return operation

    def fail(self, name: str) -> None:
        if self.fault == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault in ("full", "failing") and name != "close":
            code = errno.ENOSPC if self.fault == "full" else errno.EIO
            raise OSError(code, os.strerror(code))


def run(arguments: list[str], directory: Path, fault: str = "", at: int = 0) -> tuple[int, str, int]:
    """Exit code (negative: the signal), what was printed, and how many operations there were."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        os.dup2(writing, 1)
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "wb", closefd=False), write_through=True)
        sys.stderr = sys.stdout
        injected = Injected(directory, fault, at)
        code = 3
        try:
            code = app(arguments, standalone_mode=False) or 0
        except BaseException as error:  # noqa: BLE001  told to the parent
            code = getattr(error, "exit_code", 3)
            print(f"{type(error).__name__}: {error}")
        print(f"operations {injected.count}")
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    found = re.search(r"^operations (\d+)$", text, re.MULTILINE)
    return os.waitstatus_to_exitcode(status), text, int(found[1]) if found else 0


def last(pattern: str, text: str, otherwise: str = "") -> str:
    found: list[str] = re.findall(pattern, text, re.MULTILINE)
    return found[-1] if found else otherwise


def main(directory: Path, faults: list[str]) -> None:
    table = directory / "table.csv"
    table.write_text("a,b,y\n" + "".join(f"{i % 5},{i % 3},{i % 2}\n" for i in range(16)))
    base = ["train", str(table), "--target", "y", "--epochs", "4", "--layers", "3", "--batch-size", "8", "--plain"]
    base += ["--engine", "numpy", "--checkpoint-every", "2", "--checkpoint"]

    place = directory / "whole"
    place.mkdir()
    with contextlib.redirect_stdout(io.StringIO()):
        app([*base, str(place / "warm")], standalone_mode=False)  # loads everything that the children need
    code, text, operations = run([*base, str(place / "c")], place)
    final = last(r"^final (\w+)$", text)
    assert code == 0, text
    assert final, text
    assert operations > 30, text
    gone_through, resumed = 0, set[Any]()
    for fault in faults:
        for at in range(1, operations + 1):
            place = directory / f"{fault}{at}"
            place.mkdir()
            path = place / "c"
            code, text, _ = run([*base, str(path)], place, fault, at)
            what = f"{fault} at operation {at}, exit code {code}:\n{text}"
            assert code in (0, 2, -signal.SIGKILL), what
            assert "Traceback" not in text, what
            saved = int(last(r"^saved epoch (\d+)$", text, "0"))
            there = 0
            if path.exists() or (place / "c.previous").exists():
                found, damage = CheckpointPath(path).load()
                assert not damage, what + damage
                there = found.epoch
            assert there >= saved, f"{what}\nepoch {saved} was reported as saved, epoch {there} is there"
            if code == 0:
                assert last(r"^final (\w+)$", text) == final, what
            gone_through += 1
            left = frozenset((file.name, file.read_bytes()) for file in place.iterdir() if file.suffix != ".lock")
            if left in resumed:  # what has been resumed once is resumed again the same
                continue
            resumed.add(left)
            code, text, _ = run([*base, str(path), "--resume"], place)
            assert code == 0, f"{what}\nresumed: {text}"
            assert last(r"^final (\w+)$", text) == final, f"{what}\nresumed: {text}"
            assert {"c"} <= {file.name for file in place.iterdir()} <= {"c", "c.previous"}, list(place.iterdir())
    print(gone_through, len(resumed))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(FAULTS))
