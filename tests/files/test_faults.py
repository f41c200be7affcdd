"""Checkpoints and faults: a training killed or failing at every file operation, and files that are torn or flipped."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from chainrule.data import DataError
from chainrule.files import CheckpointPath, Model, read_checkpoint
from tests.files.faults import FAULTS, in_process
from tests.files.files import a_checkpoint, a_model

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_every_file_operation(tmp_path, fault):
    """What is promised, and what a fault is: see faults.py."""
    assert in_process(tmp_path, fault) > 30


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_the_command_line_killed_and_failing(tmp_path):
    """The same of processes that are killed: one operation of twelve for each fault, or all of them."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "CHAINRULE_LANG": "en", "OMP_NUM_THREADS": "1"}
    every = 1 if os.environ.get("CHAINRULE_TEST_ALL") else 12
    command = [sys.executable, str(ROOT / "tests" / "files" / "faults.py"), str(tmp_path), str(every)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert result.returncode == 0, result.stdout + result.stderr
    assert int(result.stdout.split()[0]) >= 192 // every


def damaged(content: bytes, number: int) -> bytes:
    """The content with one bit flipped, or cut off, or with a piece of zeros, as torn pages are."""
    random = np.random.RandomState(number)
    place = random.randint(len(content))
    if number % 4 == 0:
        return content[:place]
    if number % 4 == 1:
        zeros = content[:place] + bytes(min(512, len(content) - place)) + content[place + 512 :]
        return zeros if zeros != content else content[:-1]
    changed = bytearray(content)
    changed[random.randint(min(700, len(content))) if number % 4 == 2 else place] ^= 1 << random.randint(8)
    return bytes(changed)


def test_a_damaged_checkpoint_is_noticed_and_the_one_before_taken(tmp_path):
    path, before = tmp_path / "c", a_checkpoint(epoch=2).to_bytes()
    whole = a_checkpoint(epoch=4).to_bytes()
    for number in range(128):
        path.with_name("c.previous").write_bytes(before)
        path.write_bytes(damaged(whole, number))
        with pytest.raises(DataError) as caught:
            read_checkpoint(path)
        assert str(caught.value).startswith(str(path))
        assert str(caught.value).count("\n") < 6
        found, told = CheckpointPath(path).load()
        assert found.epoch == 2
        assert told == str(caught.value)


def test_a_damaged_checkpoint_never_takes_the_place_of_the_good_one(tmp_path):
    path = tmp_path / "c"
    path.with_name("c.previous").write_bytes(a_checkpoint(epoch=2).to_bytes())
    path.write_bytes(a_checkpoint(epoch=4).to_bytes()[:-1])
    with CheckpointPath(path) as place:
        place.load()
        place.save(a_checkpoint(epoch=4))
    assert read_checkpoint(path).epoch == 4
    assert read_checkpoint(path.with_name("c.previous")).epoch == 2


def test_a_damaged_model_is_noticed(tmp_path):
    path, whole = tmp_path / "m.safetensors", a_model().to_bytes()
    for number in range(512):
        path.write_bytes(damaged(whole, number))
        with pytest.raises(DataError) as caught:
            Model.load(path)
        assert str(caught.value).startswith(str(path))
