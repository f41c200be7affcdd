"""What the tests of engines share: compiling without optimizing, where what is asked is what becomes of a library."""

import pytest

from chainrule.engines import compiler
from tests.tools import ALL


@pytest.fixture(scope="session")
def not_optimized() -> tuple[str, ...]:
    """The flags, but -O2; `make test-all` optimizes. Emitted C is compiled with -O2 and -O3 in tests/writers."""
    return tuple("-O0" if flag == "-O2" and not ALL else flag for flag in compiler.FLAGS)


@pytest.fixture
def quick_compiler(monkeypatch: pytest.MonkeyPatch, not_optimized: tuple[str, ...]) -> None:
    monkeypatch.setattr(compiler, "FLAGS", not_optimized)
