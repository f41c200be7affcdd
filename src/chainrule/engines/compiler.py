"""The system's C compiler, and a cache of what it made.

A library is compiled once for its source, flags, compiler and processor, and kept in the user's cache directory (mode
0700), written atomically, with a digest beside it: what is truncated or foreign is compiled again, never loaded.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FLAGS = ("-std=gnu99", "-O2", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast",
         "-freciprocal-math", "-ftree-vectorize", "-fno-semantic-interposition")  # fmt: skip
GCC_ONLY = ("-fvect-cost-model=dynamic",)
SHARED = ("-shared", "-fPIC")
NATIVE = "-march=native"
SECONDS = 60.0  # a compiler that takes longer is given up
NAMES = ("cc", "gcc", "clang")
HINT = "install one (Debian, Ubuntu: apt-get install gcc; macOS: xcode-select --install) or use engine='numpy'"


class CompilerError(RuntimeError):
    """No compiler, or one that fails; the message says what to do."""


@dataclass(frozen=True)
class Compiler:
    """A C compiler: how it is called, and what it says of itself."""

    command: tuple[str, ...]
    version: str

    @property
    def flags(self) -> tuple[str, ...]:
        """How this compiler is asked for fast code that keeps NaN and infinity: never -ffast-math."""
        return FLAGS if "clang" in self.version else (*FLAGS, *GCC_ONLY)


def called(command: list[str], seconds: float) -> subprocess.CompletedProcess[str]:
    """A command's exit code and what it said; OSError or TimeoutExpired where it gives none."""
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        stdin=subprocess.DEVNULL,
        errors="replace",
    )


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


def find_compiler() -> Compiler | None:
    """The compiler that $CC names, or else cc, gcc or clang; None where there is none that answers."""
    wanted = os.environ.get("CC", "").strip()
    candidates = [tuple(shlex.split(wanted))] if wanted else [(name,) for name in NAMES]
    for command in candidates:
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


def library(source: str) -> ctypes.CDLL:
    """The source as a loaded library, from the cache or compiled now.

    Raises
        CompilerError: no compiler, one that fails, or one that takes too long.
    """
    compiler = find_compiler()
    if compiler is None:
        raise CompilerError(f"there is no C compiler here ({', '.join(NAMES)}): {HINT}")
    flags = compiler.flags
    machine = processor() if NATIVE in flags else platform.machine()
    parts = (source, *flags, *compiler.command, compiler.version, machine)
    name = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]
    directory = cache_directory()
    if directory is not None:
        kept = directory / f"{name}.so"
        loaded = load_checked(kept)
        if loaded is not None:
            return loaded
        try:
            compile_to(compiler, source, flags, kept)
            loaded = load_checked(kept)
            if loaded is not None:
                return loaded
        except OSError:
            pass  # read-only or full: compile for this process alone
    with tempfile.TemporaryDirectory(prefix="chainrule-") as temporary:
        path = Path(temporary) / f"{name}.so"
        try:
            compile_to(compiler, source, flags, path)
            return ctypes.CDLL(str(path))
        except OSError as error:
            raise CompilerError(f"the compiled library cannot be written or loaded: {error}") from None


def load_checked(path: Path) -> ctypes.CDLL | None:
    """The library at this path if it is whole: as long and with the content that its digest says."""
    try:
        if path.with_suffix(".sha256").read_text() != digest_of(path):
            return None
        return ctypes.CDLL(str(path))
    except (OSError, UnicodeDecodeError):
        return None


def compile_to(compiler: Compiler, source: str, flags: tuple[str, ...], path: Path) -> None:
    """Compile into a file that appears whole or not at all, its digest after it."""
    with tempfile.TemporaryDirectory(prefix=".making-", dir=path.parent) as temporary:
        text, made = Path(temporary) / "program.c", Path(temporary) / "program.so"
        text.write_text(source, encoding="utf-8")
        compile_file(compiler, flags, text, made)
        digest = Path(temporary) / "program.sha256"
        digest.write_text(digest_of(made))
        made.chmod(0o700)
        made.replace(path)
        digest.replace(path.with_suffix(".sha256"))


def compile_file(compiler: Compiler, flags: tuple[str, ...], text: Path, made: Path) -> None:
    """Compile one file into a shared library.  CompilerError: with the first lines of what the compiler said."""
    command = [*compiler.command, *flags, *SHARED, "-o", str(made), str(text), "-lm"]
    try:
        done = called(command, SECONDS)
    except subprocess.TimeoutExpired:
        raise CompilerError(f"{compiler.command[0]} took more than {SECONDS:g} s; use engine='numpy'") from None
    except OSError as error:
        raise CompilerError(f"{compiler.command[0]} cannot be run ({error}); use engine='numpy'") from None
    if done.returncode or not made.exists() or not made.stat().st_size:
        said = "\n".join(done.stderr.splitlines()[:8])
        raise CompilerError(f"{compiler.command[0]} failed (exit code {done.returncode}); use engine='numpy'\n{said}")
