"""Libraries compiled ahead of time, for hosts that may not compile: what `chainrule build` writes.

The file is a shared library, and behind it a record of what it is: program, number type, processor, system. Last comes
a digest of all that. What the record says is compared before the system's loader sees the file: a library for another
program or processor, or one that was cut short, is refused and never loaded. A library is a program all the same: the
digest finds damage, not malice.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import platform
import re
import stat
import subprocess
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ..program.steps import Program
from .compiler import Compiler, CompilerError, called, compile_to, known_compiler, processor, temporary_directory
from .emitted import ALL, Emitted, kernel_set

MARK = b"chainrule library 1\n"
END = 8 + 32 + len(MARK)  # length of the record, digest, mark
MOST_BYTES = 2**28
BUILD_SECONDS = 600.0
SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "freebsd": "FreeBSD", "mingw": "Windows"}
MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "i686": "x86", "i386": "x86"}
USED = re.compile(r"(sse|ssse|avx|fma|xop|tbm|bmi|f16c|lzcnt|movbe|popcnt|adx)")  # what a compiler uses unasked
AGAIN = "build it again: chainrule build"
LOADED: dict[str, bytes] = {}  # what this process has loaded: path -> digest
SPELLED = {"sse3": "pni", "bmi": "bmi1", "lzcnt": "abm"}  # where Linux calls a feature something else


class LibraryError(CompilerError):
    """A library that is refused; the message says why and what to do."""


@dataclass(frozen=True)
class Record:
    """What a library is.

    title               of the program, for people
    identity            of the code, see `Emitted`
    dtype, kernels      float32 or float64; the kernel set
    target              what the compiler was asked for: x86-64-v3
    system, machine     Linux, x86_64
    needs               features of the processor that the code may use, as Linux calls them
    builder             a digest of the processor it was built on
    compiler, chainrule versions
    """

    title: str
    identity: str
    dtype: str
    kernels: str
    target: str
    system: str
    machine: str
    needs: tuple[str, ...]
    builder: str
    compiler: str
    chainrule: str

    @classmethod
    def read(cls, text: bytes) -> Record:
        """ValueError: not what a record holds."""
        data = json.loads(text)
        if not isinstance(data, dict) or set(data) != {field.name for field in fields(cls)}:
            raise ValueError("no record")
        needs = data.pop("needs")
        if not isinstance(needs, list) or not all(isinstance(value, str) for value in (*needs, *data.values())):
            raise ValueError("no record")
        return cls(**data, needs=tuple(needs))


# --- building --------------------------------------------------------------------------------------------------------


def build(
    program: Program, dtype: str = "float32", kernels: str = "auto", target: str | None = None
) -> tuple[Record, bytes]:
    """A program compiled for other hosts: the record and the whole file.

    target      what the compiler's -march takes: x86-64-v3, native, armv8-a; None: `usual_target`

    Raises
        CompilerError: no compiler, one that fails, or one that does not know the target.
    """
    compiler = known_compiler()
    system, machine = made_for(compiler)
    target = usual_target(machine) if target is None else target
    chosen = kernel_set(program) if kernels == "auto" else kernels
    emitted = Emitted(program, dtype, chosen, ALL)
    record = Record(
        title=program.title,
        identity=emitted.identity,
        dtype=dtype,
        kernels=chosen,
        target=target,
        system=system,
        machine=machine,
        needs=features(compiler, target) if machine == "x86_64" else (),
        builder=digest_of_processor(),
        compiler=compiler.version.splitlines()[0][:200] if compiler.version else "",
        chainrule=version(),
    )
    with temporary_directory() as temporary:
        made = temporary / "program.so"
        compile_to(compiler, emitted.text, compiler.flags(target), made, BUILD_SECONDS)
        body = made.read_bytes()
    return record, sealed(body, record)


def usual_target(machine: str) -> str:
    """On x86-64 what all processors since about 2015 have, elsewhere this one."""
    return "x86-64-v3" if machine == "x86_64" else "native"


def sealed(body: bytes, record: Record) -> bytes:
    """The library, its record, and a digest of both."""
    text = json.dumps(asdict(record)).encode()
    content = body + text + len(text).to_bytes(8, "little")
    return content + hashlib.sha256(content).digest() + MARK


def made_for(compiler: Compiler) -> tuple[str, str]:
    """System and machine that a compiler compiles for: a cross-compiler for others than this."""
    said = asked(compiler, "-dumpmachine").stdout.strip().lower()
    machine, _, rest = said.partition("-")
    system = next((name for mark, name in SYSTEMS.items() if mark in rest), platform.system())
    return system, known_as(machine or platform.machine())


def asked(compiler: Compiler, *question: str) -> subprocess.CompletedProcess[str]:
    """What a compiler says of itself."""
    try:
        return called([*compiler.command, *question], 10)
    except (OSError, subprocess.SubprocessError) as error:
        raise CompilerError(f"{compiler.command[0]} cannot be run ({error})") from None


def known_as(machine: str) -> str:
    """A machine by one name."""
    return MACHINES.get(machine.lower(), machine.lower())


def features(compiler: Compiler, target: str) -> tuple[str, ...]:
    """What code for a target may need of an x86-64 processor, by what the compiler says that it defines."""
    answer = asked(compiler, f"-march={target}", "-dM", "-E", "-x", "c", os.devnull)
    if answer.returncode:
        said = (answer.stderr.splitlines() or ["it fails"])[0]
        raise CompilerError(f"target '{target}' is not known to {compiler.command[0]}: {said}")
    names = (
        name.lower().replace("_", "") for name in re.findall(r"#define __(\w+?)__ 1$", answer.stdout, re.MULTILINE)
    )
    found = {SPELLED.get(name, name) for name in names if USED.match(name) and not name.endswith("math")}
    return tuple(sorted(found - {"sse", "sse2"}))  # every x86-64 processor has these


def digest_of_processor() -> str:
    return hashlib.sha256(processor().encode()).hexdigest()


def version() -> str:
    from .. import __version__

    return __version__


# --- loading ---------------------------------------------------------------------------------------------------------


class Built:
    """A library in a file, looked at and not yet loaded.  LibraryError: it is none, or damaged."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(os.path.realpath(path))
        self.name = "library " + "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(path))
        content = self.content()
        if len(content) < END or not content.endswith(MARK):
            raise LibraryError(f"{self.name}: chainrule build did not write this, or it was cut short; {AGAIN}")
        self.digest = content[-END + 8 : -len(MARK)]
        if hashlib.sha256(content[: -END + 8]).digest() != self.digest:
            raise LibraryError(f"{self.name}: it is damaged; {AGAIN}")
        length = int.from_bytes(content[-END : -END + 8], "little")
        try:
            self.record = Record.read(content[-END - length : -END])
        except (ValueError, RecursionError):
            raise LibraryError(f"{self.name}: its record cannot be read; {AGAIN}") from None

    def content(self) -> bytes:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
            with os.fdopen(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise LibraryError(f"{self.name}: this is not a regular file")
                if status.st_size > MOST_BYTES:
                    raise LibraryError(f"{self.name}: {status.st_size:,} bytes are no library of ours")
                return file.read(MOST_BYTES)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise LibraryError(f"{self.name}: {reason}; chainrule build writes one") from None

    def check(self, program: Program, dtype: str, identity: str) -> None:
        """LibraryError: it is for another system, processor, number type or program."""
        mine = self.record
        here = platform.system(), known_as(platform.machine())
        if (mine.system, mine.machine) != here:
            theirs = f"{mine.system} on {mine.machine}"
            raise LibraryError(f"{self.name}: it is for {theirs}, this is {' on '.join(here)}; {AGAIN}")
        missing = self.missing()
        if missing:
            raise LibraryError(
                f"{self.name}: it is for {mine.target}, and this processor {missing}; "
                "build it for this one: chainrule build ... --target x86-64-v2, or native"
            )
        if mine.dtype != dtype:
            raise LibraryError(
                f"{self.name}: it computes in {mine.dtype}, and {dtype} is asked for; "
                f"use dtype='{mine.dtype}', or build it with --dtype {dtype}"
            )
        if mine.identity != identity:
            versions = f" by chainrule {mine.chainrule}, this is {version()}" if mine.chainrule != version() else ""
            raise LibraryError(
                f"{self.name}: it was built{versions} for another program, {mine.title}; "
                f"asked for is {program.title}. Layers, loss, optimizer, penalty, clipping and sample weights have to "
                f"be the same; {AGAIN}"
            )

    def missing(self) -> str:
        """What keeps this processor from running it."""
        mine, found = self.record, processor_flags()
        if found is None or self.record.machine != "x86_64":
            same = mine.target != "native" or mine.builder == digest_of_processor()
            return "" if same else "is another"
        lacking = [name for name in mine.needs if name not in found]
        return f"lacks {', '.join(lacking[:4])}{', ...' if len(lacking) > 4 else ''}" if lacking else ""

    def load(self) -> ctypes.CDLL:
        """The library; `check` comes before."""
        before = LOADED.setdefault(str(self.path), self.digest)
        if before != self.digest:  # the system's loader goes by the name, and would hand out the one of before
            raise LibraryError(f"{self.name}: it has changed since it was first loaded here; start Python anew")
        try:
            return ctypes.CDLL(str(self.path))
        except OSError as error:
            del LOADED[str(self.path)]
            raise LibraryError(f"{self.name}: the system does not load it: {error}; {AGAIN}") from None


def processor_flags() -> frozenset[str] | None:
    """What the processor can do, as Linux calls it, without underscores; None where the system does not say."""
    try:
        text = Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        return None
    found = re.search(r"^flags\s*:(.*)$", text, re.MULTILINE)
    return frozenset(found[1].replace("_", "").split()) if found else None
