"""The progress bar: on a terminal, and nowhere else."""

import os
import re
import subprocess
import sys
import textwrap
import threading

import pytest

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals on this system")

PROGRAM = """
    import sys, time
    import numpy as np
    import chainrule as cr

    class Slow(cr.Callback):
        def on_epoch(self, run):
            time.sleep(0.03)

    X = np.ones((4, 2))
    program = cr.derive(cr.Network.parse("2-1"), "mean_squared_error", cr.GradientDescent(0.01))
    options = {"progress": eval(sys.argv[1]), "callbacks": [Slow()], "engine": "numpy"}
    print(cr.Training(program, X, X[:, 0], epochs=12, **options).fit().epoch)
"""


def trained(progress: str, terminal: bool) -> tuple[str, str]:
    """What a training writes to standard output and standard error; the latter a terminal or a pipe."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(PROGRAM), progress]
    ours, theirs = pty.openpty() if terminal else os.pipe()
    chunks: list[bytes] = []

    def read() -> None:
        while True:
            try:
                chunk = os.read(ours, 4096)
            except OSError:  # a terminal whose other side was closed
                return
            if not chunk:
                return
            chunks.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TTY_COMPATIBLE", "CI")}
    environment |= {"TERM": "xterm", "COLUMNS": "100"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, env=environment, text=True, check=True)
    os.close(theirs)
    reader.join()
    os.close(ours)
    return done.stdout, b"".join(chunks).decode()


def test_on_a_terminal_there_is_a_bar_and_afterwards_it_is_gone():
    out, err = trained("None", terminal=True)
    assert out == "12\n"
    shown = re.sub(r"\x1b\[[0-9;]*m", "", err)  # without the colours
    assert re.search(r"training .* 0/12 epochs  loss ", shown)
    assert re.search(r" 12/12 epochs  loss 0\.\d+  [\d,]+ epochs/s", shown)
    assert err.rstrip("\r\n").endswith("\x1b[2K")  # the line is erased


def test_in_a_pipe_there_is_nothing():
    assert trained("None", terminal=False) == ("12\n", "")


def test_it_can_be_turned_off():
    assert trained("False", terminal=True) == ("12\n", "")
