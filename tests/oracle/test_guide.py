"""The guide for people who come from PyTorch, with the blocks that need it."""

import pytest

from tests.test_docs import ROOT, WITH_PYTORCH, run_python


@pytest.mark.parametrize("page", WITH_PYTORCH)
def test_pytorch_blocks_print_what_the_page_says(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    run_python(page, {"python", "py"})
