"""What tests ask of where they run: the programs besides Python, and whether everything is tried."""

import os
import shutil
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

PACKAGES = {"numpy": ["numpy"], "jax": ["numpy", "jax", "jaxlib", "ml_dtypes", "opt_einsum", "scipy"]}
ALL = bool(os.environ.get("CHAINRULE_TEST_ALL"))  # `make test-all`: every case, not a sample


class Late:
    """A package that is imported when it is first used: every worker collects all tests, and runs some. Without it a
    test is skipped."""

    def __init__(self, name: str) -> None:
        self._name = name

    @cached_property
    def _module(self) -> Any:
        return pytest.importorskip(self._name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # pytest looks for marks and fixtures in whatever a module holds
            raise AttributeError(name)
        return getattr(self._module, name)


def find_tool(name: str) -> str:
    """The program's path; without it the test is skipped, or fails where CHAINRULE_REQUIRE_TOOLS is set."""
    path = shutil.which(name)
    if path:
        return path
    if os.environ.get("CHAINRULE_REQUIRE_TOOLS"):
        pytest.fail(f"{name} is missing; .ci/run lists what it installs", pytrace=False)
    pytest.skip(f"{name} is not installed")


def install(language: str, folder: Path) -> None:
    """Put what emitted Python needs of other packages, and nothing else, into `packages` of a folder, by links."""
    (folder / "packages").mkdir(exist_ok=True)
    for package in PACKAGES[language]:
        installed = find_spec(package)
        assert installed is not None
        place = Path(installed.origin or "").parent
        for found in (place, place.with_name(f"{package}.libs")):
            if found.exists() and not (folder / "packages" / found.name).exists():
                (folder / "packages" / found.name).symlink_to(found)
