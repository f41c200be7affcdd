"""A checkpointed training with a fault at every file operation, one after another.

A fault is what happens at the i-th operation on the checkpoint's directory: the process is killed before or after it,
the disk is full, the device fails, a write stores half of what it is given (and goes on, or is killed then). After each
of them
    every epoch that was reported as saved is still there
    what is there can be resumed, and ends with the weights of the training without a fault

Two ways to go through them:
    in_process      here: where a process would be killed, nothing of it reaches the disk from then on, and the system
                    closes its files. Quick enough for every fault at every operation
    main            the command line in a process of its own, forked with everything loaded, and killed by a signal;
                    `python tests/files/faults.py DIRECTORY EVERY` takes one operation of EVERY for each fault
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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

import chainrule as cr
from chainrule.cli import app
from chainrule.data import DataError
from chainrule.engines import make_engine
from chainrule.engines.engine import Engine
from chainrule.files import CheckpointPath
from chainrule.training.snapshot import digest_of_weights

OPERATIONS = ("open", "write", "pwrite", "fsync", "fstat", "close", "replace", "rename", "link", "unlink", "ftruncate")
FAULTS = ("before", "after", "full", "failing", "short", "torn")
LEFT_OPEN = os.O_WRONLY | os.O_RDWR | getattr(os, "O_DIRECTORY", 0)  # what os.close closes; readers close themselves


class Killed(BaseException):
    """What a process that is killed does not live to see."""


class Injected:
    """The operations of the system, with a fault at number `at` of those on files in `directory`.

    kill    how the process dies; without it nothing that it does afterwards reaches the disk
    """

    def __init__(self, directory: Path, fault: str, at: int, kill: Callable[[], object] | None = None) -> None:
        self.directory, self.fault, self.at, self.kill = str(directory), fault, at, kill
        self.count, self.mine, self.held, self.dead = 0, set[int](), set[int](), False
        self.original: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in OPERATIONS}
        self.original["flock"] = fcntl.flock

    def __enter__(self) -> "Injected":
        for name in OPERATIONS:
            setattr(os, name, self.wrapped(name))
        fcntl.flock = self.wrapped("flock")
        return self

    def __exit__(self, *error: object) -> None:
        for name in OPERATIONS:
            setattr(os, name, self.original[name])
        fcntl.flock = self.original["flock"]
        for descriptor in self.held:  # as the system does for the dead
            os.close(descriptor)

    def wrapped(self, name: str) -> Callable[..., Any]:
        def operation(first: Any, *rest: Any, **options: Any) -> Any:
            ours = first in self.mine if isinstance(first, int) else str(first).startswith(self.directory)
            if not ours:
                return self.original[name](first, *rest, **options)
            if self.dead:
                raise Killed
            self.count += 1
            here = self.count == self.at
            if here:
                self.fail(name)
            if here and name == "write" and self.fault in ("short", "torn"):
                rest = (rest[0][: max(1, len(rest[0]) // 2)],)
            result = self.original[name](first, *rest, **options)
            if name == "open":
                self.mine.add(result)
                self.held |= {result} if rest[0] & LEFT_OPEN else set()
            elif name == "close":
                self.mine.discard(first)
                self.held.discard(first)
            if here and (self.fault == "after" or (self.fault == "torn" and name == "write")):
                self.die()
            return result

        return operation

    def fail(self, name: str) -> None:
        if self.fault == "before":
            self.die()
        if self.fault in ("full", "failing") and name != "close":
            code = errno.ENOSPC if self.fault == "full" else errno.EIO
            raise OSError(code, os.strerror(code))

    def die(self) -> None:
        if self.kill is not None:
            self.kill()
        self.dead = True
        raise Killed


def last(pattern: str, text: str, otherwise: str = "") -> str:
    found: list[str] = re.findall(pattern, text, re.MULTILINE)
    return found[-1] if found else otherwise


def left_in(place: Path) -> frozenset[tuple[str, bytes]]:
    """What the training has left behind, but for the lock."""
    return frozenset((file.name, file.read_bytes()) for file in place.iterdir() if file.suffix != ".lock")


def check_saved(place: Path, saved: int, what: str) -> None:
    """Every epoch that was reported as saved is there, undamaged."""
    path, there = place / "c", 0
    if path.exists() or (place / "c.previous").exists():
        found, damage = CheckpointPath(path).load()
        assert not damage, what + damage
        there = found.epoch
    assert there >= saved, f"{what}\nepoch {saved} was reported as saved, epoch {there} is there"


def check_tidy(place: Path, what: str) -> None:
    """After a training that was resumed and finished there is nothing but checkpoints."""
    assert {"c"} <= {file.name for file in place.iterdir()} <= {"c", "c.previous"}, f"{what}\n{list(place.iterdir())}"


# --- in this process -----------------------------------------------------------------------------------------------


def trained(path: Path, engine: Engine) -> Iterator[int | str]:
    """The epochs reported as saved, and at the end the digest of the weights."""
    saved: list[int] = []
    X = [[i % 5 / 5, i % 3 / 3] for i in range(16)]
    keeper = cr.Checkpoints(path, every=2, said=saved.append)
    y = [i % 2 for i in range(16)]
    run = cr.Training(engine.program, X, y, epochs=4, batch_size=8, callbacks=[keeper], engine=engine)
    try:
        cr.resume(run).fit(run.epochs - run.epoch)
    finally:
        yield from saved
    yield digest_of_weights(run)


def attempt(place: Path, engine: Engine, fault: str = "", at: int = 0) -> tuple[int, str, int]:
    """The last epoch reported as saved, the digest where the training ended well, and how many operations there were.
    A training that is refused says so with a message; all else is an error."""
    saved, final = 0, ""
    with Injected(place, fault, at) as injected, contextlib.suppress(Killed, DataError, OSError):
        for told in trained(place / "c", engine):
            saved, final = (told, final) if isinstance(told, int) else (saved, told)
    return saved, final, injected.count


def in_process(directory: Path, fault: str) -> int:
    """The fault at every operation; how many there are."""
    program = cr.derive(cr.Network.parse("2-1", output="sigmoid"), "binary_cross_entropy", cr.Momentum(0.01))
    engine = make_engine(program, "numpy")
    place = directory / "whole"
    place.mkdir()
    _, final, operations = attempt(place, engine)
    assert final
    resumed = set[Any]()
    for at in range(1, operations + 1):
        place, what = directory / f"{fault}{at}", f"{fault} at operation {at}"
        place.mkdir()
        saved, ended, _ = attempt(place, engine, fault, at)
        check_saved(place, saved, what)
        assert ended in ("", final), what
        left = left_in(place)
        if left in resumed:  # what has been resumed once is resumed again the same
            continue
        resumed.add(left)
        assert attempt(place, engine)[1] == final, what
        check_tidy(place, what)
    return operations


# --- in processes of their own -------------------------------------------------------------------------------------


def run(command: Any, arguments: list[str], directory: Path, fault: str = "", at: int = 0) -> tuple[int, str, int]:
    """Exit code (negative: the signal), what was printed, and how many operations there were."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        os.dup2(writing, 1)
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "wb", closefd=False), write_through=True)
        sys.stderr = sys.stdout
        code = 3
        with Injected(directory, fault, at, lambda: os.kill(os.getpid(), signal.SIGKILL)) as injected:
            try:
                code = command(arguments, standalone_mode=False) or 0
            except BaseException as error:  # noqa: BLE001  told to the parent
                code = getattr(error, "exit_code", 3)
                print(f"{type(error).__name__}: {error}")
            print(f"operations {injected.count}")
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), text, int(last(r"^operations (\d+)$", text, "0"))


def main(directory: Path, every: int) -> None:
    warnings.simplefilter("ignore")  # of forking: nothing else runs here
    table = directory / "table.csv"
    table.write_text("a,b,y\n" + "".join(f"{i % 5},{i % 3},{i % 2}\n" for i in range(16)))
    base = ["train", str(table), "--target", "y", "--epochs", "4", "--layers", "none", "--batch-size", "8", "--plain"]
    base += ["--engine", "numpy", "--checkpoint-every", "2", "--checkpoint"]

    place, command = directory / "whole", get_command(app)
    place.mkdir()
    with contextlib.redirect_stdout(io.StringIO()):
        command([*base, str(place / "warm")], standalone_mode=False)  # loads everything that the children need
    code, text, operations = run(command, [*base, str(place / "c")], place)
    final = last(r"^final (\w+)$", text)
    assert code == 0, text
    assert final, text
    assert operations > 30, text
    gone_through, resumed = 0, set[Any]()
    for number, fault in enumerate(FAULTS):
        for at in range(1 + number * every // len(FAULTS), operations + 1, every):
            place = directory / f"{fault}{at}"
            place.mkdir()
            code, text, _ = run(command, [*base, str(place / "c")], place, fault, at)
            what = f"{fault} at operation {at}, exit code {code}:\n{text}"
            assert code in (0, 2, -signal.SIGKILL), what
            assert "Traceback" not in text, what
            check_saved(place, int(last(r"^saved epoch (\d+)$", text, "0")), what)
            if code == 0:
                assert last(r"^final (\w+)$", text) == final, what
            gone_through += 1
            left = left_in(place)
            if left in resumed:
                continue
            resumed.add(left)
            code, text, _ = run(command, [*base, str(place / "c"), "--resume"], place)
            assert code == 0, f"{what}\nresumed: {text}"
            assert last(r"^final (\w+)$", text) == final, f"{what}\nresumed: {text}"
            check_tidy(place, what)
    print(gone_through, len(resumed))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
