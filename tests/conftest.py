"""What all tests share: how Hypothesis draws, how golden files are renewed, and what a missing tool means."""

import gc
import os
import signal
from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from hypothesis import settings
from typer.main import get_command

from tests.tools import ALL, find_tool

TESTS = Path(__file__).parent

# Deadlines measure how busy the machine is. In CI the same examples are drawn every time: a red run can be repeated.
EXAMPLES = 100 if ALL else 20
settings.register_profile("dev", deadline=None, max_examples=EXAMPLES)
settings.register_profile("ci", deadline=None, max_examples=EXAMPLES, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

# On matrices this small, on cores that others use too, threads mostly wait for one another: scikit-learn's own
# tests on ours took 200 s for 5 s of work. Read when NumPy is loaded.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# What XLA compiles here runs once or a few times: optimizing it takes longer. All that is emitted is compiled all the
# same; `make test-all` optimizes it, too.
if not ALL:
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false")

# `auto` is NumPy here unless a test says otherwise: compiling hundreds of programs takes longer than running them.
os.environ.setdefault("CHAINRULE_ENGINE", "numpy")

# Collections of garbage find next to none, and look at all that is loaded each time.
gc.set_threshold(10_000, 20, 20)

# What is said is compared in English, whatever the locale here.
os.environ["CHAINRULE_LANG"] = "en"

# The runner of commands builds all of them anew at each call, which takes longer than most of them do.
typer.testing._get_command = cache(get_command)  # type: ignore[attr-defined]

# A run in the background ignores Ctrl-C from the start, and so would all that it starts: here it is as in a terminal.
signal.signal(signal.SIGINT, signal.default_int_handler)

# PyTorch has an environment of its own: `make oracle`.
collect_ignore = [] if find_spec("torch") else ["oracle"]


def pytest_configure(config: pytest.Config) -> None:
    """A worker tells of a test that passed once, not three times, as xdist does of what is collected.

    Of six messages a test three remain. Nothing is lost: that a test begins, is set up and is taken down is only told
    by what fails in it.
    """
    for plugin in config.pluginmanager.get_plugins():
        if type(plugin).__name__ == "WorkerInteractor":
            plugin.sendevent = partial(tell_less, plugin.sendevent)


def tell_less(send: Callable[..., None], name: str, **told: Any) -> None:
    data = told.get("data") or {}
    if name != "logstart" and not (name == "testreport" and data["outcome"] == "passed" and data["when"] != "call"):
        send(name, **told)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The lab comes first: one worker does all of it, with one browser and one server, while others do the rest."""
    items.sort(key=lambda item: not item.path.is_relative_to(TESTS / "lab"))


def pytest_collection_finish() -> None:
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """golden("writers/golden/six_lines.py", text): text is, byte for byte, what the file under tests/ holds."""
    update = request.config.getoption("--update-golden")

    def check(name: str, text: str) -> None:
        path = TESTS / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            return
        assert path.exists(), f"tests/{name} is missing: write it with `make golden`, and read it"
        assert text == path.read_bytes().decode(), f"tests/{name} differs; if it should: `make golden`"

    return check


@pytest.fixture(scope="session")
def not_optimized() -> tuple[str, ...]:
    """The flags, but -O2; `make test-all` optimizes. Emitted C is compiled with -O2 and -O3 in tests/writers."""
    from chainrule.engines import compiler

    return tuple("-O0" if flag == "-O2" and not ALL else flag for flag in compiler.FLAGS)


@pytest.fixture
def quick_compiler(monkeypatch: pytest.MonkeyPatch, not_optimized: tuple[str, ...]) -> None:
    """Compiles without optimizing, where what is asked is what becomes of a library."""
    monkeypatch.setattr("chainrule.engines.compiler.FLAGS", not_optimized)


@pytest.fixture
def tool() -> Callable[[str], str]:
    """tool("gcc"): the program's path; without it a test is skipped, or fails where CHAINRULE_REQUIRE_TOOLS is set."""
    return find_tool
