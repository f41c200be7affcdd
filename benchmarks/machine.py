"""The machine: one core of it for all, and what it says of itself."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def pin() -> str:
    """Stay on one core, the last that is allowed; what was done."""
    if not hasattr(os, "sched_setaffinity"):
        return "not pinned: this system cannot"
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return f"pinned to core {core}"


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def busy() -> float:
    """How many other programs wanted to run in the last minute, for each core."""
    return os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else 0.0


def compiler() -> str:
    from chainrule.engines.compiler import find_compiler

    found = find_compiler()
    return found.version.splitlines()[0] if found else "no C compiler"


def describe() -> str:
    cores = os.cpu_count() or 1
    return f"{processor()}, {cores} cores, {platform.system()}, Python {platform.python_version()}, {compiler()}"
