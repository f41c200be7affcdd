"""The system's C compiler, and a cache of what it made.

A library is compiled once for its source, flags, compiler and processor, and kept in the user's cache directory (mode
0700), written atomically, with a digest beside it: what is truncated or foreign is compiled again, never loaded.
Products in register tiles, the same text in every tiled program, are kept as an object of their own: `units`.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import re
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FLAGS = ("-std=gnu99", "-O2", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast",
         "-freciprocal-math", "-ftree-vectorize", "-fno-semantic-interposition")  # fmt: skip
GCC_ONLY = ("-fvect-cost-model=dynamic", "-fno-tree-slp-vectorize")  # loops only: compiled sooner, as fast
SHARED = ("-shared", "-fPIC")
MOST_CODE = 250_000  # characters of C, comments aside: gcc 12 takes about 15 s for them
SECONDS = 60.0  # a compiler that takes longer is given up
NAMES = ("cc", "gcc", "clang")
HINT = "install one (Debian, Ubuntu: apt-get install gcc; macOS: xcode-select --install) or use engine='numpy'"


class CompilerError(RuntimeError):
    """No compiler, or one that fails; the message says what to do."""


class ThreadsError(CompilerError):
    """A compiler or a library that has no threads, where several were asked for."""


@dataclass(frozen=True)
class Compiler:
    """A C compiler: how it is called, and what it says of itself."""

    command: tuple[str, ...]
    version: str

    def flags(self, target: str = "native") -> tuple[str, ...]:
        """How this compiler is asked for fast code that keeps NaN and infinity: never -ffast-math."""
        given = (*FLAGS, f"-march={target}")
        return given if "clang" in self.version else (*given, *GCC_ONLY)


def called(command: list[str], seconds: float) -> subprocess.CompletedProcess[str]:
    """A command's exit code and what it said; OSError or TimeoutExpired where it gives none."""
    given: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, errors="replace", start_new_session=True, **given) as process:
        try:
            said, complained = process.communicate(timeout=seconds)
        except BaseException:
            end(process)
            raise
    return subprocess.CompletedProcess(command, process.returncode, said, complained)


def end(process: subprocess.Popen[str]) -> None:
    """End a command and what it has started: gcc only calls the program that compiles."""
    if hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


@lru_cache(maxsize=8)
def _asked(command: tuple[str, ...], search_path: str) -> Compiler | None:
    path = shutil.which(command[0])
    if path is None:
        return None
    try:
        done = called([path, *command[1:], "--version"], 10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    return Compiler((path, *command[1:]), done.stdout.strip())


def candidates() -> list[tuple[str, ...]]:
    """The commands to try: what $CC says, or else the usual ones."""
    wanted = os.environ.get("CC", "").strip()
    if not wanted:
        return [(name,) for name in NAMES]
    try:
        return [tuple(shlex.split(wanted))]
    except ValueError:  # a quotation mark that is left open
        return [(wanted,)]


def no_compiler() -> str:
    """What was looked for in vain, and what to do."""
    wanted = os.environ.get("CC", "").strip()
    if wanted:
        return f"there is no C compiler here (CC={safe(wanted)} does not answer): unset CC, or {HINT}"
    return f"there is no C compiler here ({', '.join(NAMES)}): {HINT}"


def find_compiler() -> Compiler | None:
    """The compiler that $CC names, or else cc, gcc or clang; None where there is none that answers."""
    for command in candidates():
        found = _asked(command, os.environ.get("PATH", ""))
        if found is not None:
            return found
    return None


def allowed() -> bool:
    """Whether compiling is allowed: CHAINRULE_ENGINE=numpy forbids it."""
    return os.environ.get("CHAINRULE_ENGINE", "").strip() != "numpy"


def processor() -> str:
    """What `-march=native` depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        kept = [line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))]
        return "\n".join(sorted(set(kept)))
    except OSError:
        return f"{platform.machine()} {platform.processor()}"


def cache_directory() -> Path | None:
    """The user's cache directory, made with mode 0700; None where there is no safe one."""
    base = os.environ.get("CHAINRULE_CACHE")
    if base:
        path = Path(base)
    elif platform.system() == "Darwin":
        path = Path.home() / "Library" / "Caches" / "chainrule"
    else:
        path = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chainrule"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
        mine = not hasattr(os, "getuid") or status.st_uid == os.getuid()
        shared = stat.S_IMODE(status.st_mode) & (stat.S_IWGRP | stat.S_IWOTH)
        return path if mine and not shared else None
    except (OSError, RuntimeError):
        return None


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def code_of(source: str) -> str:
    """A source without its comments. They name titles and usual rates: a new rate is no other program."""
    return re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)


def known_compiler() -> Compiler:
    """CompilerError: there is none, and what to do."""
    compiler = find_compiler()
    if compiler is None:
        raise CompilerError(no_compiler())
    return compiler


def library(source: str) -> ctypes.CDLL:
    """The source as a loaded library, from the cache or compiled now.

    Raises
        CompilerError: no compiler, one that fails or takes too long; a source too large to be compiled in passing.
    """
    compiler, code = known_compiler(), code_of(source)
    if len(code) > MOST_CODE:
        raise CompilerError(
            f"the program is {len(code):,} characters of C, and more than {MOST_CODE:,} take a compiler too long: "
            "use engine='numpy', or compile it ahead of time (chainrule build)"
        )
    from .units import compile_units

    flags, directory = compiler.flags(), cache_directory()

    def name_of(code: str) -> str:
        parts = (code, *flags, *compiler.command, compiler.version, processor())
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]

    def place_of(products: str) -> Path | None:
        return None if directory is None else directory / f"{name_of(code_of(products))}.o"

    name = name_of(code)
    kept = None if directory is None else directory / f"{name}.so"
    loaded = None if kept is None else load_checked(kept)
    if loaded is not None:
        return loaded
    with temporary_directory() as temporary:
        made = temporary / f"{name}.so"
        compile_units(compiler, source, flags, made, place_of)
        if kept is not None and keep(made, kept):
            loaded = load_checked(kept)
        try:
            return loaded or ctypes.CDLL(str(made))
        except OSError as error:
            raise CompilerError(f"the compiled library cannot be loaded: {error}; use engine='numpy'") from None


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """A directory of our own.  CompilerError: there is no place for one."""
    try:
        found = tempfile.TemporaryDirectory(prefix="chainrule-", ignore_cleanup_errors=True)
    except OSError as error:
        raise CompilerError(f"there is no place for temporary files ({error}); use engine='numpy'") from None
    with found as path:
        yield Path(path)


def load_checked(path: Path) -> ctypes.CDLL | None:
    """The library at this path if it is whole: as long and with the content that its digest says."""
    try:
        if path.with_suffix(".sha256").read_text() != digest_of(path):
            return None
        return ctypes.CDLL(str(path))
    except (OSError, UnicodeDecodeError):
        return None


def taken_from(kept: Path, place: Path) -> bool:
    """Put what the cache has at `kept` to another place, if it is whole."""
    try:
        content = kept.read_bytes()
        if kept.with_suffix(".sha256").read_text() != hashlib.sha256(content).hexdigest():
            return False
        place.write_bytes(content)
    except (OSError, UnicodeDecodeError):
        return False
    return True


def keep(made: Path, path: Path) -> bool:
    """Put a library into the cache, where it appears whole or not at all, its digest after it; False: it has no place.

    A cache that is read-only or full is done without.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".making-", dir=path.parent, ignore_cleanup_errors=True) as temporary:
            copied, digest = Path(temporary) / "program.so", Path(temporary) / "program.sha256"
            shutil.copyfile(made, copied)
            digest.write_text(digest_of(made))
            copied.chmod(0o700)
            copied.replace(path)
            digest.replace(path.with_suffix(".sha256"))
    except OSError:
        return False
    return True


def safe(line: str) -> str:
    """A line from outside as a terminal may have it."""
    return (line if line.isprintable() else repr(line)[1:-1])[:300]


def compile_to(
    compiler: Compiler,
    source: str,
    flags: tuple[str, ...],
    made: Path,
    seconds: float | None = None,
    *,
    kind: tuple[str, ...] = SHARED,
    linked: tuple[Path, ...] = (),
) -> None:
    """Compile a source into a shared library, or of another kind.

    source      nothing where objects are only put together
    linked      objects that go with it

    Raises
        CompilerError: with the first lines of what the compiler said.
    """
    name, seconds = compiler.command[0], SECONDS if seconds is None else seconds
    text = made.with_suffix(".c")
    try:
        text.write_text(source, encoding="utf-8")
        threads = ("-pthread",) if "pthread.h" in source else ()
        given = [str(path) for path in ((text, *linked) if source else linked)]
        done = called([*compiler.command, *flags, *kind, *threads, "-o", str(made), *given, "-lm"], seconds)
    except subprocess.TimeoutExpired:
        raise CompilerError(f"{name} took more than {seconds:g} s; use engine='numpy'") from None
    except OSError as error:
        raise CompilerError(f"{name} cannot be run ({error}); use engine='numpy'") from None
    if done.returncode or not made.exists() or not made.stat().st_size:
        said = "\n".join(safe(line) for line in done.stderr.splitlines()[:8])
        if threads and "pthread" in done.stderr:
            raise ThreadsError(f"{name} has no POSIX threads here; use threads=1\n{said}")
        raise CompilerError(f"{name} failed (exit code {done.returncode}); use engine='numpy'\n{said}".strip())
