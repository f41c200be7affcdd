"""What tests ask of where they run: the programs besides Python, and whether everything is tried."""

import os
import shutil

import pytest

ALL = bool(os.environ.get("CHAINRULE_TEST_ALL"))  # `make test-all`: every case, not a sample


def find_tool(name: str) -> str:
    """The program's path; without it the test is skipped, or fails where CHAINRULE_REQUIRE_TOOLS is set."""
    path = shutil.which(name)
    if path:
        return path
    if os.environ.get("CHAINRULE_REQUIRE_TOOLS"):
        pytest.fail(f"{name} is missing; .ci/run lists what it installs", pytrace=False)
    pytest.skip(f"{name} is not installed")
