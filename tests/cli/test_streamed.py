"""`train --stream`: files that are never in memory as a whole."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from chainrule.data import stream as stream_module
from chainrule.tables import row_file, streaming
from tests.cli.test_program import start


def write(path, rows, seed=0):
    random = np.random.RandomState(seed)
    x = random.normal(size=(rows, 3))
    label = np.where(x[:, 0] * x[:, 1] + random.normal(size=rows) * 0.2 > 0, "hi", "lo")
    lines = (f"{a:.4f},{b:.4f},{c:.4f},{'rgb'[i % 3]},{label[i]}\n" for i, (a, b, c) in enumerate(x))
    path.write_text("a,b,c,color,label\n" + "".join(lines))
    return path


@pytest.fixture
def small_pools(monkeypatch):
    monkeypatch.setattr(stream_module, "PART_BYTES", 20_000)
    monkeypatch.setattr(row_file, "BLOCK_BYTES", 4_096)
    monkeypatch.setattr(streaming, "POOL_BLOCKS", 3)


def final(text):
    found = re.search(r"^final ([0-9a-f]+)$", text, re.MULTILINE)
    assert found, text
    return found[1]


def test_it_learns_and_saves_a_model(cli, tmp_path, small_pools):
    path, model = write(tmp_path / "t.csv", 4_000), tmp_path / "m.safetensors"
    result = cli("train", path, "-t", "label", "--stream", "--epochs", 15, "--layers", 32, "--model", model)
    assert result.exit_code == 0, result.stderr
    assert "It is read a part at a time" in result.stdout
    (accuracy,) = re.findall(r"^accuracy ([\d.]+)", result.stdout, re.MULTILINE)
    assert float(accuracy) > 0.8
    answers = cli("predict", model, path, "--only").stdout.splitlines()
    assert answers[0] == "prediction,probability_hi,probability_lo"
    truth = [line.rpartition(",")[2] for line in path.read_text().splitlines()[1:]]
    assert np.mean([answer.split(",")[0] == true for answer, true in zip(answers[1:], truth, strict=True)]) > 0.8
    again = cli("train", path, "-t", "label", "--stream", "--epochs", 15, "--layers", 32)
    assert again.stdout.split("On ")[1].strip() == result.stdout.split("On ")[1].split("Saved")[0].strip()


def test_a_number(cli, tmp_path, small_pools):
    result = cli("train", write(tmp_path / "t.csv", 2_000), "-t", "a", "--stream", "--epochs", 3)
    assert result.exit_code == 0, result.stderr
    assert "a, a number from" in result.stdout
    assert re.search(r"^R2 -?[\d.]+", result.stdout, re.MULTILINE)


@pytest.mark.parametrize("extra", [(), ("--dropout", "0.2", "--batch-norm")])
def test_it_goes_on_as_if_it_had_never_stopped(cli, tmp_path, small_pools, extra, monkeypatch):
    path, checkpoint = write(tmp_path / "t.csv", 2_000), tmp_path / "c"
    options = ("train", path, "-t", "label", "--stream", "--layers", 8, "--epochs", 6, *extra)
    straight = cli(*options, "--checkpoint", tmp_path / "straight", "--checkpoint-every", 2)
    assert straight.stdout.count("saved epoch") == 3
    kept = streaming.StreamedTraining.turn_to

    def until(self, position):
        if position == 3 * self.pools + 1:
            raise KeyboardInterrupt
        kept(self, position)

    monkeypatch.setattr(streaming.StreamedTraining, "turn_to", until)
    assert cli(*options, "--checkpoint", checkpoint, "--checkpoint-every", 1).exit_code != 0
    monkeypatch.setattr(streaming.StreamedTraining, "turn_to", kept)
    resumed = cli(*options, "--checkpoint", checkpoint, "--checkpoint-every", 1, "--resume")
    assert resumed.exit_code == 0, resumed.stderr
    assert "Going on after epoch 3" in resumed.stdout
    assert final(resumed.stdout) == final(straight.stdout)
    assert "epoch 6" in cli("check", checkpoint).stdout
    other = cli(*options, "--checkpoint", checkpoint, "--resume", "--seed", 1)
    assert other.exit_code == 2
    assert "cannot be resumed" in other.stderr


@pytest.mark.parametrize(
    ("option", "hint"),
    [(("--folds", 3), "a file with some of its rows"), (("--search", "5s"), "give them here as options"),
     (("--rate", "auto"), "give them here as options"), (("--balance",), "fewer rows of the frequent classes"),
     (("--script", "s.py"), "source --weights"), (("--report", "r.html"), "chainrule report")],
)  # fmt: skip
def test_what_needs_all_rows_is_refused(cli, tmp_path, monkeypatch, option, hint):
    monkeypatch.chdir(tmp_path)
    result = cli("train", write(tmp_path / "t.csv", 50), "-t", "label", "--stream", *option)
    assert result.exit_code == 2
    assert f"{option[0]}" in result.stderr
    assert "a part at a time, and that needs all rows in memory: " in result.stderr
    assert hint in result.stderr


@pytest.mark.parametrize("option", [("--test", 0), ("--validation", 1), ("--early-stopping", 0)])
def test_shares_that_are_none(cli, tmp_path, option):
    result = cli("train", write(tmp_path / "t.csv", 50), "-t", "label", "--stream", *option)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) <= 12


OVERFITTING = ("-t", "label", "--stream", "--layers", 48, "--l2", 0, "--rate", 0.02, "--schedule", "constant")


def test_early_stopping_keeps_the_best_weights_and_goes_on(cli, tmp_path, small_pools, monkeypatch):
    path = write(tmp_path / "t.csv", 1_000)
    options = ("train", path, *OVERFITTING, "--epochs", 200, "--validation", 0.25, "--early-stopping", 4)
    straight = cli(*options, "--program", "--checkpoint", tmp_path / "straight", "--checkpoint-every", 1)
    assert straight.exit_code == 0, straight.stderr
    assert "p = sigmoid" in straight.stdout
    text = " ".join(straight.stdout.split())
    parts = re.search(r"(\d+) for training, (\d+) for validation, (\d+) for the test", text)
    assert parts, text
    assert sum(map(int, parts.groups())) == 1_000
    assert 120 < int(parts[2]) < 280
    (best,) = re.findall(r"The weights are those of epoch (\d+)", text)
    assert re.search(rf"lowest [\d.]+, in epoch {best}\b", text)
    last = int(re.findall(r"^saved epoch (\d+)$", straight.stdout, re.MULTILINE)[-1])
    assert last == int(best) + 4 < 200
    kept = streaming.StreamedTraining.turn_to

    def until(self, position):
        if position == (last - 2) * self.pools:  # the best epoch is over
            raise KeyboardInterrupt
        kept(self, position)

    monkeypatch.setattr(streaming.StreamedTraining, "turn_to", until)
    assert cli(*options, "--checkpoint", tmp_path / "c", "--checkpoint-every", 1).exit_code != 0
    monkeypatch.setattr(streaming.StreamedTraining, "turn_to", kept)
    for _ in range(2):  # the second time there is nothing left to do
        resumed = cli(*options, "--checkpoint", tmp_path / "c", "--checkpoint-every", 1, "--resume")
        assert resumed.exit_code == 0, resumed.stderr
        assert final(resumed.stdout) == final(straight.stdout)
        assert f"The weights are those of epoch {best}" in resumed.stdout
    other = cli("train", path, *OVERFITTING, "--epochs", 200, "--validation", 0.25, "--early-stopping", 9,
                "--checkpoint", tmp_path / "c", "--resume")  # fmt: skip
    assert "the early_stopping of the training has changed: it was 4, now it is 9" in other.stderr


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="getrusage counts the memory of the parent, too")
def test_memory_stays_bounded(tmp_path):
    """The peak of a process that trains and predicts on almost nothing, and how much 2 MB of CSV add to it."""
    code = (
        "import re, sys\n"
        "from chainrule.data import stream\n"
        "from chainrule.tables import row_file\n"
        "stream.PART_BYTES, row_file.BLOCK_BYTES = 2**18, 2**16\n"
        "from chainrule.cli import app\n"
        "small, large, model = sys.argv[1:]\n"
        "def ran(*words):\n"
        "    app(['--lang', 'en', *words], standalone_mode=False)\n"
        "    print('peak', re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1])\n"
        "options = ['-t', 'label', '--stream', '--epochs', '1', '--layers', '4']\n"
        "ran('train', small, *options, '--model', model)\n"
        "ran('predict', model, small, '-o', model + '.csv')\n"
        "ran('predict', model, large, '-o', model + '.csv')\n"
        "ran('train', large, *options)\n"
    )
    small, large = write(tmp_path / "small.csv", 100), tmp_path / "large.csv"
    body = write(tmp_path / "body.csv", 12_500).read_text().partition("\n")
    large.write_text(body[0] + "\n" + body[2] * 6)
    assert large.stat().st_size > 1.7e6
    command = [sys.executable, "-c", code, str(small), str(large), str(tmp_path / "m.safetensors")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    peaks = [int(found) / 1024 for found in re.findall(r"^peak (\d+)$", done.stdout, re.MULTILINE)]
    assert len((tmp_path / "m.safetensors.csv").read_bytes().splitlines()) == 75_001
    assert peaks[2] - peaks[1] < 18  # read as a whole it adds 38
    assert peaks[3] - peaks[1] < 18  # and 25


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_keeps_what_was_learned(tmp_path):
    path = write(tmp_path / "t.csv", 3_000)
    options = ["--stream", "--epochs", "1000000", "--checkpoint-every", "1", "--model", str(tmp_path / "m.safetensors")]
    command = ["train", str(path), "-t", "label", "--checkpoint", str(tmp_path / "c"), *options]
    running = start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "c").exists():
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=300)
    assert running.returncode == 130, stderr
    assert "Stopped by Ctrl-C" in stdout
    assert (tmp_path / "m.safetensors").exists()
