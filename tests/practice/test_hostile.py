"""Files that do not parse, never end, eat memory, print without end, exit, raise: a clear line each."""

import sys
import time
from pathlib import Path

import pytest

from chainrule.messages import LANGUAGES
from chainrule.practice.checking import check_file
from chainrule.practice.ladder import LADDER
from chainrule.practice.running import Limits
from chainrule.practice.sheet import sheet
from chainrule.practice.words import lines_of, printed_lines
from tests.tools import ALL

EXERCISE = LADDER[7].exercise()
HEAD = "import numpy as np\n\ndef step(X, y, parameters, learning_rate=1.0):\n"
RIGHT = EXERCISE.program.source("numpy")
LIMITS = Limits(seconds=300, megabytes=512)  # none of these is to be ended for its time, on however busy a machine

HOSTILE = {
    "syntax": ("def step(X, y:\n", "syntax"),
    "nul": ("a = '\0'\n", "syntax"),
    "nested": ("a = " + "(" * 5000 + ")" * 5000, "syntax"),
    "memory": (HEAD + "    return [np.ones((20000, 20000)) for _ in range(50)]\n", "memory"),
    "list": (HEAD + "    a = []\n    while True: a.append(bytearray(10**8))\n", "memory"),
    "prints": (HEAD + "    while True: print('x' * 1000)\n", "output"),
    "exits": (HEAD + "    import sys; sys.exit(0)\n", "exit"),
    "exits at once": ("raise SystemExit\n", "exit"),
    "exits hard": (HEAD + "    import os; os._exit(0)\n", "exit"),
    "kills itself": (HEAD + "    import os; os.kill(os.getpid(), 9)\n", "crash"),
    "raises": (HEAD + "    raise ValueError('\\x1b[31mred')\n", "raised"),
    "raises at once": ("1 / 0\n", "load"),
    "an exception that cannot be printed": (
        "class E(Exception):\n    def __str__(self): raise E\n" + HEAD + "    raise E\n", "raised"),
    "asks": (HEAD + "    input('?')\n", "raised"),
    "recursion": (HEAD + "    return step(X, y, parameters)\n", "raised"),
    "no step": ("def stop(): pass\n", "no_step"),
    "step is a number": ("step = 3\n", "no_step"),
    "other arguments": ("def step(X): return X\n", "raised"),
    "changes X": (RIGHT.replace("    return data_loss", "    X *= 2\n    return data_loss"), "changed"),
    "nothing": (HEAD + "    pass\n", ""),
    "texts": (HEAD + "    W1, W2 = parameters\n    a1 = 'a'\n    delta1 = {}\n    return 'x'\n", ""),
    "forged": (HEAD + "    import sys\n    open(sys.argv[-1], 'a').close()\n    return None\n", ""),
}  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="no memory limits there")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gets_a_clear_line(name, tmp_path):
    text, problem = HOSTILE[name]
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")
    verdict = check_file(EXERCISE, path, LIMITS)
    assert not verdict.passed
    assert verdict.problem == problem
    for language in LANGUAGES:
        lines = lines_of(verdict, language, LIMITS)
        assert 1 <= len(lines) <= 6
        assert all(line.isprintable() and len(line) < 400 for line in lines), lines


def test_what_never_ends_is_ended_with_all_that_it_started(tmp_path):
    path, beacon = tmp_path / "mine.py", tmp_path / "beacon"
    child = f"import time\nwhile True:\n    open({str(beacon)!r}, 'a').write('.')\n    time.sleep(0.05)\n"
    path.write_text(
        "import subprocess, sys\n" + HEAD
        + f"    subprocess.Popen([sys.executable, '-c', {child!r}])\n    while True: pass\n"
    )  # fmt: skip
    verdict = check_file(EXERCISE, path, Limits(seconds=1.5))
    assert verdict.problem == "time"
    size = beacon.stat().st_size if beacon.exists() else 0
    time.sleep(0.3)
    assert (beacon.stat().st_size if beacon.exists() else 0) == size


def test_what_a_file_prints_is_shown_and_harmless(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(RIGHT.replace("    # loss", "    print('\\x1b[2Jhello')\n    # loss", 1))
    verdict = check_file(EXERCISE, path, LIMITS)
    assert verdict.passed
    assert "hello" in printed_lines(verdict)[0]
    assert all(line.isprintable() for line in printed_lines(verdict))


FLAGGED = {
    "library": "import chainrule as cr\n",
    "library unseen": "__import__('chain' + 'rule')\n",
    "library as text": ("import importlib.util\nopen(importlib.util.find_spec('chainrule').origin).read()\n"),
    "program": "import subprocess\nsubprocess.run(['true'])\n",
    "network": "import socket\ntry: socket.create_connection(('127.0.0.1', 9), 0.1)\nexcept OSError: pass\n",
}


@pytest.mark.parametrize("name", FLAGGED)
def test_what_a_grader_wants_to_know_is_flagged(name, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "src"))
    path = tmp_path / "mine.py"
    path.write_text(FLAGGED[name] + RIGHT)
    verdict = check_file(EXERCISE, path, LIMITS)
    assert verdict.passed  # it is allowed
    assert verdict.flags == (name.split()[0],)


def test_a_plain_file_has_no_flags(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(RIGHT)
    assert check_file(EXERCISE, path, LIMITS).flags == ()


@pytest.mark.parametrize("number", range(1, 16) if ALL else [1, 13])
def test_an_untouched_sheet_says_where_to_begin(number, tmp_path):
    exercise = LADDER[number - 1].exercise()
    path = tmp_path / "mine.py"
    path.write_text(sheet(exercise, "mine.py"))
    verdict = check_file(exercise, path, LIMITS)
    assert verdict.first is not None
    assert verdict.first.name == (exercise.missing or ("data_loss",))[0]
    assert verdict.reason is not None
    assert verdict.reason.key == "open"
