"""The program as a whole: its help, its streams, its languages."""

import os
import pty
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import chainrule

ROOT = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "CHAINRULE_LANG": "en", "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def start(arguments: Sequence[str], **options) -> subprocess.Popen[Any]:
    command = [sys.executable, "-m", "chainrule", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environment() | options.pop("env", {}), **options)


def on_terminal(*arguments: str) -> tuple[int, str]:
    """Exit code and all that a terminal of 80 columns is sent."""
    main, terminal = pty.openpty()
    settings = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "NO_COLOR": ""}
    process = start(arguments, stdin=terminal, stdout=terminal, stderr=terminal, env=settings)
    os.close(terminal)
    received = b""
    while True:
        try:
            block = os.read(main, 65536)
        except OSError:  # Linux: the other side is closed
            break
        if not block:
            break
        received += block
    os.close(main)
    return process.wait(), received.decode()


def test_the_help_page_names_every_command_and_fits(cli):
    result = cli("--help")
    assert result.exit_code == 0
    for text in ("demo", "source", "train", "--plain", "--lang", "--version", "--install-completion", "Examples"):
        assert text in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert len(result.stdout.splitlines()) <= 51  # seventeen commands in three groups
    assert cli().stdout == result.stdout  # without any argument too


@pytest.mark.parametrize("command", ["demo", "source", "train"])
def test_every_command_has_a_help_page(cli, command):
    result = cli(command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def test_version(cli):
    assert cli("--version").stdout == f"chainrule {chainrule.__version__}\n"


def test_an_unknown_command_or_option_is_refused(cli):
    for arguments in (["trane"], ["demo", "--nothing"], ["train"]):
        result = cli(*arguments)
        assert result.exit_code == 2
        assert 0 < len(result.stderr.splitlines()) <= 12


@pytest.mark.parametrize("language", ["de_AT", "es", "zh-Hans", "zh_TW"])
def test_languages(cli, iris, language):
    english = cli("train", iris, "--target", "species", "--epochs", 1)
    for arguments in (["--lang", language, "train", iris], ["train", iris, "--lang", language]):
        result = cli(*arguments, "--target", "species", "--epochs", 1)
        assert result.exit_code == 0
        assert not set(english.stdout.splitlines()[:4]) & set(result.stdout.splitlines()[:4])


def test_an_unknown_language_is_refused(cli):
    result = cli("--lang", "fr", "source")
    assert result.exit_code == 2
    assert result.stderr == "error: unknown language 'fr'; known: en, es, de, zh-Hans, zh-Hant\n"


def test_into_a_pipe_it_is_plain():
    process = start(["source", "3-4-1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    stdout, stderr = process.communicate()
    assert process.returncode == 0
    assert b"\x1b" not in stdout + stderr
    compile(stdout, "source", "exec")


def test_a_reader_that_has_seen_enough_is_no_error():
    process = start(["source", "3-4-1", "--teaching"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait()


def test_on_a_terminal_it_is_coloured_unless_told_otherwise():
    code, text = on_terminal("source")
    assert code == 0
    assert "\x1b[" in text
    for arguments in (("--plain", "source"), ("source", "--plain"), ("train", "--help", "--plain")):
        code, text = on_terminal(*arguments)
        assert code == 0
        assert "\x1b[" not in text
        assert not set("╭│─") & set(text)


def test_an_error_on_a_terminal_is_no_traceback():
    code, text = on_terminal("source", "3-0-1")
    assert code == 2
    assert "units must be at least 1" in text
    assert "Traceback" not in text


def test_starting_is_quick():
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    assert start(["--version"], stdout=subprocess.DEVNULL).wait() == 0
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 1  # some 0.13 s of processor time


def test_the_commands_import_nothing_heavy():
    code = "import sys, chainrule.cli; print([m for m in ('numpy', 'jax', 'sklearn') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())
    assert result.stdout == "[]\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_that_lacks_letters(encoding):
    process = start(["--lang", "zh", "train", "examples/iris.csv", "--target", "species", "--epochs", "2"],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"PYTHONIOENCODING": encoding})  # fmt: skip
    stdout, stderr = process.communicate()
    assert (process.returncode, stderr) == (0, b"")
    assert b"setosa" in stdout


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("chainrule tr", "train"),
        ("chainrule source --activation soft", "softplus softmax"),
        ("chainrule train examples/iris.csv --target sp", "species"),
        ("chainrule train missing.csv --target sp", ""),
    ],
)
def test_tab(line, offered):
    settings = {"_CHAINRULE_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    process = start([], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=settings)
    stdout, stderr = process.communicate()
    assert (stdout.decode().split(), stderr) == (offered.split(), b"")


@pytest.mark.parametrize("arguments", [["--help"], ["source"], ["train", "--help"], ["demo"]], ids="-".join)
def test_a_full_disk_is_told_in_one_line(arguments):
    with Path("/dev/full").open("w") as full:
        process = start(arguments, stdout=full, stderr=subprocess.PIPE)
        _, stderr = process.communicate()
    assert (process.returncode, stderr) == (2, b"error: standard output: No space left on device\n")


@pytest.mark.parametrize("arguments", [["--help"], ["source"]], ids="-".join)
def test_closed_streams_take_everything(arguments):
    closing = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", sys.executable, "-m", "chainrule", *arguments]
    assert subprocess.run(closing, cwd=ROOT, env=environment(), check=False).returncode == 0


def test_a_reader_that_has_seen_enough():
    process = start(["demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 1
