"""`train --folds`, `--rate auto`, `--search`, `--balance`, and what stands beside the results."""

import re

import numpy as np
import pytest

from chainrule.cli.trying import seconds_of
from chainrule.data import DataError, folds

QUICK = ("--epochs", 20)


def test_folds_hold_every_row_out_once_and_spread_the_classes():
    strata = np.repeat([0, 1, 2], [50, 20, 5])
    held = []
    for kept, out in folds(75, 5, seed=3, strata=strata):
        assert not set(kept) & set(out)
        assert len(kept) + len(out) == 75
        assert np.bincount(strata[out]).tolist() == [10, 4, 1]
        held += out.tolist()
    assert sorted(held) == list(range(75))
    with pytest.raises(DataError, match="3 rows cannot be dealt out to 5 folds"):
        list(folds(3, 5, seed=0))


def test_cross_validation(cli, iris):
    result = cli("train", iris, "-t", "species", "--folds", 3, "--epochs", 60)
    assert result.exit_code == 0, result.stderr
    assert "each of the 120 training rows held out once, in 3 folds" in " ".join(result.stdout.split())
    shares = re.findall(r"accuracy +([\d.]+) (?:±|\+-) [\d.]+", result.stdout)
    assert len(shares) == 1
    assert 0.8 < float(shares[0]) <= 1
    again = cli("train", iris, "-t", "species", "--folds", 3, "--epochs", 60)
    assert again.stdout.split("epochs in")[0] == result.stdout.split("epochs in")[0]


def test_the_rate_is_found(cli, iris):
    result = cli("train", iris, "-t", "species", "--rate", "auto", *QUICK)
    found = re.search(r"without a search: --rate ([\d.e-]+)", " ".join(result.stdout.split()))
    assert found, result.stdout
    assert f"rate {found[1]}, cosine" in result.stdout
    again = cli("train", iris, "-t", "species", "--rate", found[1], *QUICK)
    assert again.stdout.split("On 30 rows")[1] == result.stdout.split("On 30 rows")[1]


def test_a_search_takes_its_time_and_is_repeated_by_what_it_prints(cli, iris):
    result = cli("train", iris, "-t", "species", "--search", "1s", *QUICK)
    assert result.exit_code == 0, result.stderr
    text = " ".join(result.stdout.split())
    found = re.search(r"without a search: (--layers \S+ --rate \S+ --l2 \S+)", text)
    assert found, text
    again = cli("train", iris, "-t", "species", *found[1].split(), *QUICK)
    assert again.stdout.split("On 30 rows")[1] == result.stdout.split("On 30 rows")[1]
    kept = cli("train", iris, "-t", "species", "--search", "0.1s", "--layers", "8", *QUICK)
    assert "4-8-3, relu, softmax" in kept.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--search", "soon"), "how long to search, such as 60s, 5m or 1h"),
        (("--search", "-5s"), "how long to search"),
        (("--search", "5s", "--layers", "8", "--rate", "0.1", "--l2", "0"), "nothing to search"),
        (("--rate", "fast"), "--rate 'fast': a number, or auto"),
        (("--folds", "1"), "--folds 1: a whole number from 2"),
        (("--folds", "100"), None),
        (("--rate", "auto", "--checkpoint", "c"), "do not go together"),
    ],
)
def test_what_cannot_be_tried(cli, iris, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    result = cli("train", iris, "-t", "species", "--epochs", 1, *options)
    assert result.exit_code == (2 if message else 0)
    assert (message or "") in result.stderr


def test_how_long():
    assert [seconds_of(text) for text in ("90", "60s", "1.5 m", "2H")] == [90, 60, 90, 7200]


def test_unbalanced_classes_are_told_and_balanced(cli, table):
    random = np.random.RandomState(0)
    x = random.normal(size=400)
    label = np.where(x + random.normal(size=400) > 2.4, "rare", "usual")
    path = table("x,label\n" + "".join(f"{a:.4f},{b}\n" for a, b in zip(x, label, strict=True)))
    result = cli("train", path, "-t", "label", *QUICK)
    assert re.search(rf"rare has {(label == 'rare').sum()} of 400 rows", " ".join(result.stdout.split()))
    assert "AUC 0." in result.stdout

    def rare_found(text):
        (found,) = re.findall(r"^  rare +(\S+)", text, re.MULTILINE)
        return int(found.replace(".", "0").replace("·", "0"))

    balanced = cli("train", path, "-t", "label", "--balance", *QUICK)
    assert balanced.exit_code == 0, balanced.stderr
    assert rare_found(balanced.stdout) >= rare_found(result.stdout)
    assert "is unbalanced" not in cli("train", path, "-t", "x", *QUICK).stdout


def test_a_network_without_a_hidden_layer_stands_beside_it(cli, iris):
    result = cli("train", iris, "-t", "species")
    assert re.search(r"without a hidden layer: accuracy [\d.]+, AUC [\d.]+, log loss [\d.]+", result.stdout)
    assert "without a hidden layer" not in cli("train", iris, "-t", "species", "--layers", "none", *QUICK).stdout
    result = cli("train", iris, "-t", "petal_width", *QUICK)
    assert re.search(r"without a hidden layer: R2 [\d.-]+, mean absolute error [\d.]+", result.stdout)
