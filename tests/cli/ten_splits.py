"""What `chainrule train` reaches with its defaults, ten splits a table: `python -m tests.cli.ten_splits`."""

import re
import sys
import tempfile
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from chainrule.cli import app
from chainrule.data import Preparation, find_roles, read_csv, split

# accuracy, or where negative how far R2 may be below that of least squares on the same splits
PROMISED = {"digits": 0.97, "breast_cancer": 0.965, "diabetes": -0.03}


def write_csv(name: str, folder: Path) -> Path:
    """One of scikit-learn's tables as a file, the target in the last column."""
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    path = folder / f"{name}.csv"
    header = ",".join([*(f"x{i}" for i in range(bunch.data.shape[1])), "target"])
    np.savetxt(path, np.c_[bunch.data, bunch.target], delimiter=",", header=header, comments="", fmt="%.10g")
    return path


def scores(path: Path, splits: int) -> list[float]:
    """Accuracy or R2 on the test rows of each split."""
    found = []
    for seed in range(splits):
        result = CliRunner().invoke(app, ["--lang", "en", "train", str(path), "-t", "target", "--seed", str(seed)])
        assert result.exit_code == 0, result.stderr
        score = re.search(r"^(?:accuracy|R2) (-?[\d.]+)", result.stdout, re.MULTILINE)
        assert score, result.stdout
        found.append(float(score[1]))
    return found


def least_squares(path: Path, splits: int) -> list[float]:
    """R2 of least squares on the same splits."""
    found, table = [], read_csv(path)
    for seed in range(splits):
        train, test = split(len(table), 0.2, seed)
        preparation = Preparation.fit(table.take(train), find_roles(table, "target", "regression"))
        X, T = (np.c_[preparation.transform(table.take(rows)), np.ones(len(rows))] for rows in (train, test))
        weights = np.linalg.lstsq(X, preparation.transform_target(table.take(train)), rcond=None)[0]
        y = preparation.transform_target(table.take(test))
        found.append(float(1 - ((T @ weights - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()))
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in PROMISED:
            path = write_csv(name, Path(folder))
            got = scores(path, 10)
            beside = f", least squares {np.mean(least_squares(path, 10)):.4f}" if PROMISED[name] < 0 else ""
            sys.stdout.write(f"{name}: mean {np.mean(got):.4f}, least {min(got):.4f}{beside}\n")


if __name__ == "__main__":
    main()
