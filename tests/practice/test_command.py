"""`chainrule practice` as its users meet it."""

import csv
import json
import os
from datetime import date, timedelta
from pathlib import Path

import pytest

from chainrule.messages import LANGUAGES
from chainrule.practice.grading import COLUMNS, harmless
from chainrule.practice.ladder import LADDER
from chainrule.practice.progress import DAYS, Progress, state_file

RIGHT = {"slope1 = ...": "slope1 = a1 * (1 - a1)"}
ALL = bool(os.environ.get("CHAINRULE_TEST_ALL"))
TODAY = date(2026, 11, 21)


def fill(path: Path, changes: dict[str, str]) -> Path:
    text = path.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("language", LANGUAGES if ALL else ["zh-Hans"])
def test_the_first_exercise_in_each_language(language, cli, folder):
    assert cli("ladder", "--lang", language).exit_code == 0
    assert cli("next", "--lang", language).exit_code == 0
    path = folder / "exercise-01.py"
    begun = cli("check", path, "--hint", "--lang", language)
    assert begun.exit_code == 1
    assert begun.stdout.startswith("slope1")
    assert "a1" in begun.stdout
    fill(path, RIGHT)
    done = cli("check", path, "--lang", language)
    assert done.exit_code == 0, done.stdout
    assert cli("next", "--lang", language).exit_code == 0
    assert (folder / "exercise-02.py").exists()


@pytest.mark.parametrize("language", LANGUAGES if ALL else ["de"])
def test_from_the_first_exercise_to_the_founding_network(language, cli, folder):
    """As a learner goes: next, look, write the lines, check."""
    for number in range(1, 9 if ALL else 3):
        assert cli("next", "--lang", language).exit_code == 0
        path = folder / f"exercise-{number:02}.py"
        text = path.read_text(encoding="utf-8")
        whole = LADDER[number - 1].exercise().program.source("numpy", functions=("step",))
        head, found, rest = text.partition("def step")
        main = rest[rest.index("\n\n\nif __name__") :]
        path.write_text(head + found + whole.partition("def step")[2].rstrip() + main, encoding="utf-8")
        done = cli("check", path, "--lang", language)
        assert done.exit_code == 0, done.stdout
    assert len(Progress.load().solved) == number


def test_a_network_of_ones_own(cli, folder):
    made = cli("2-3-1", "--missing", "delta1,dW1", "--seed", 7)
    assert made.exit_code == 0
    text = (folder / "practice-2-3-1.py").read_text()
    assert "delta1 = ...  # (N, 3)" in text
    assert "dW1, db1 = ..., delta1.sum(axis=0)  # (2, 3)" in text
    assert cli("2-3-1").exit_code == 0
    assert (folder / "practice-2-3-1-2.py").exists()


def test_nothing_is_written_over(cli, folder):
    (folder / "mine.py").write_text("work of days")
    refused = cli("3-4-1", "-o", "mine.py")
    assert refused.exit_code == 2
    assert "is there already" in refused.stderr
    assert (folder / "mine.py").read_text() == "work of days"


def test_a_network_file(cli, folder):
    declared = {"format": "chainrule network 1", "inputs": 2,
                "layers": [{"layer": "dense", "units": 3, "activation": "tanh"}, {"layer": "dense", "units": 1}],
                "loss": "mean_squared_error", "optimizer": "momentum"}  # fmt: skip
    Path("net.json").write_text(json.dumps(declared))
    assert cli("net.json", "--level", "one").exit_code == 0
    path = folder / "practice-2-3-1.py"
    assert "momentum" in path.read_text()
    fill(path, {"delta1 = ...": "delta1 = delta2 @ W2.T"})
    found = cli("check", path)
    assert found.exit_code == 1
    assert found.stdout.startswith("delta1 is not right yet.\nThe slope of the activation is missing (slope1).")
    fill(path, {"delta1 = delta2 @ W2.T": "delta1 = delta2 @ W2.T * (1 - a1**2)"})
    assert cli("check", path).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("16",), "the ladder has the exercises 1 to 15"),
        (("3-4-1", "--level", "two"), "known: one, backward, all"),
        (("3-4-1", "--missing", "delta7"), "no 'delta7'"),
        (("3-4-1", "--missing", ","), "write the names"),
        (("3-x-1",), "joined by hyphens"),
        (("3-4-1", "--seed", "-3"), "seed -3"),
        (("900-900-1",), "smaller network"),
        (("check", "none.py"), "no such file"),
        (("check", "."), "is a directory"),
        (("check", "plain.py"), "does not say which exercise"),
        (("check", "plain.py", "--seconds", "0"), "--seconds"),
        (("check", "plain.py", "--memory", "1"), "--memory"),
        (("grade", "nowhere"), "no such folder"),
        (("grade", "empty"), "no Python file"),
    ],
)
def test_bad_input_is_refused(arguments, problem, cli, folder):
    (folder / "plain.py").write_text("print(1)\n")
    (folder / "empty").mkdir()
    refused = cli(*arguments)
    assert refused.exit_code == 2
    assert problem in refused.stderr
    assert refused.stderr.count("\n") <= 12


def test_hints_come_one_at_a_time_and_the_solution_when_asked(cli, folder):
    cli("6")
    path = folder / "exercise-06.py"
    shown = [cli("check", path, "--hint").stdout for _ in range(3)]
    assert ["Hint 1 of 3" in shown[0], "Hint 2 of 3" in shown[1], "Hint 3 of 3" in shown[2]] == [True] * 3
    assert "delta1 = (delta2 @ W2.T)" not in "".join(shown)
    assert "delta1 = (delta2 @ W2.T) * (a1 * (1 - a1))" in cli("check", path, "--solution").stdout


def test_watch_ends_when_all_is_right(cli, folder):
    cli("1")
    fill(folder / "exercise-01.py", RIGHT)
    watched = cli("watch", "exercise-01.py")
    assert watched.exit_code == 0
    assert "Right." in watched.stdout


class TestProgress:
    def test_boxes(self):
        rung, line = LADDER[0], "line"
        progress = Progress().after(rung, line, TODAY)
        assert progress.solved[rung.key].due == TODAY + timedelta(days=DAYS[0])
        assert progress.after(rung, line, TODAY) == progress  # not again on the same day
        for box in range(2, 8):
            due = progress.solved[rung.key].due
            progress = progress.after(rung, line, due)
            wanted = min(box, len(DAYS))
            assert (progress.solved[rung.key].box, progress.solved[rung.key].due) == (
                wanted, due + timedelta(days=DAYS[wanted - 1]))  # fmt: skip
        due = progress.solved[rung.key].due
        hinted = progress.helped(line, "slope1", 1).after(rung, line, due)
        assert hinted.solved[rung.key].box == len(DAYS)
        told = progress.helped(line, "", 4).after(rung, line, due)
        assert told.solved[rung.key].box == 1

    def test_what_is_next(self):
        progress = Progress()
        assert progress.next(TODAY) is LADDER[0]
        progress = progress.after(LADDER[0], "", TODAY)
        assert progress.next(TODAY) is LADDER[1]
        assert progress.next(TODAY + timedelta(days=1)) is LADDER[0]
        for rung in LADDER:
            progress = progress.after(rung, "", TODAY)
        assert progress.next(TODAY) is None
        assert progress.soonest() == (LADDER[0], TODAY + timedelta(days=1))

    def test_it_is_kept_and_read_back(self):
        progress = Progress().after(LADDER[3], "", TODAY).helped("line", "dW1", 2)
        progress.save()
        assert Progress.load() == progress
        assert [path.name for path in state_file().parent.iterdir()] == ["practice.json"]

    @pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": "chainrule practice 1", "solved": 3, "helps": {}}'])
    def test_a_damaged_file_is_named(self, text, cli):
        state_file().parent.mkdir(parents=True)
        state_file().write_text(text)
        refused = cli("next")
        assert refused.exit_code == 2
        assert "move it away" in refused.stderr

    def test_where_it_cannot_be_kept_one_can_still_practise(self, cli, folder, monkeypatch):
        (folder / "file").write_text("")
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "file"))
        assert cli("next").exit_code == 0
        fill(folder / "exercise-01.py", RIGHT)
        assert cli("check", "exercise-01.py").exit_code == 0


def test_a_folder_is_graded(cli, folder):
    hand = folder / "hand"
    (hand / "ada").mkdir(parents=True)
    cli("1", "-o", hand / "right.py", "--seed", 1)
    fill(hand / "right.py", RIGHT)
    cli("1", "-o", hand / "ada" / "wrong.py", "--seed", 2)
    fill(hand / "ada" / "wrong.py", {"slope1 = ...": "slope1 = -a1 * (1 - a1)"})
    cli("1", "-o", hand / "=1+2.py", "--seed", 3)
    fill(hand / "=1+2.py", {"import numpy as np": "import numpy as np\nimport subprocess\nsubprocess.run('true')"})
    cli("2", "-o", hand / "other.py")
    (hand / "none.py").write_text("\n")
    done = cli("grade", hand, "--csv", "scores.csv")
    assert done.exit_code == 0, done.stderr
    rows = list(csv.reader(Path("scores.csv").read_text(encoding="utf-8").splitlines()))
    assert tuple(rows[0]) == COLUMNS
    found = {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in rows[1:]}
    assert set(found) == {"'=1+2.py", "ada/wrong.py", "none.py", "other.py", "right.py"}
    assert (found["right.py"]["passed"], found["right.py"]["score"], found["right.py"]["seed"]) == ("yes", "1.00", "1")
    assert (found["ada/wrong.py"]["first_wrong"], found["ada/wrong.py"]["reason"]) == ("slope1", "sign")
    assert found["other.py"]["flags"] == "exercise"
    assert found["'=1+2.py"]["flags"] == "program"
    assert found["none.py"]["reason"] == "refused"


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", " =1", "%0A", "|x"])
def test_no_cell_is_a_formula(cell):
    assert harmless(cell).startswith("'")


@pytest.mark.parametrize("cell", ["a=1", "1.00", "", "delta1"])
def test_other_cells_stay_as_they_are(cell):
    assert harmless(cell) == cell
