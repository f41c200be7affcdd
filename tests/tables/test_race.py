"""Settings tried against the clock: what is drawn, who goes on, what is chosen, and that nothing is compiled twice."""

from functools import partial

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli.choices import optimizer_of, penalty_of, schedule_of
from chainrule.data import Dialect
from chainrule.derivation import retuned
from chainrule.formulas.optimizers import OPTIMIZERS
from chainrule.tables import race as module
from chainrule.tables.goal import Goal
from chainrule.tables.race import Race, is_better, race, round_size
from chainrule.tables.recipe import Recipe
from chainrule.tables.samples import Split
from chainrule.tables.search import Bench, Judged, Trial, held_out

NETWORK = cr.Network.parse("3-4-1", activation="tanh", output="sigmoid")


@pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_another_rate_and_strength_are_the_same_program(kind):
    for rates in ((0.1, 0.02), (cr.CosineDecay(0.1, steps=30), cr.CosineDecay(0.02, steps=30))):
        first, second = (
            cr.derive(NETWORK, "binary_cross_entropy", kind(rate), cr.L2(strength), clip_norm=strength)
            for rate, strength in zip(rates, (0.5, 0.01), strict=True)
        )
        made = retuned(first, optimizer=kind(rates[1]), penalty=cr.L2(0.01), clip_norm=0.01)
        assert made == second
        assert made.source("c") == second.source("c")


@pytest.mark.parametrize(
    "change",
    [{"optimizer": cr.Momentum(0.1)}, {"optimizer": cr.Adam(cr.CosineDecay(0.1, steps=30))}, {"penalty": cr.L1(0.5)},
     {"penalty": None}, {"clip_norm": 1.0}, {"weighted": True}],
)  # fmt: skip
def test_what_changes_more_than_numbers_is_refused(change):
    program = cr.derive(NETWORK, "binary_cross_entropy", cr.Adam(0.1), cr.L2(0.5))
    with pytest.raises(ValueError, match="more than rates and strengths"):
        retuned(program, **change)


def test_an_engine_is_taken_again_for_the_same_steps_only():
    X, y = np.random.RandomState(0).normal(size=(12, 3)), np.arange(12) % 2
    first, second = (cr.derive(NETWORK, "binary_cross_entropy", cr.Adam(rate)) for rate in (0.1, 0.01))
    run = cr.Training(first, X, y, epochs=3)
    again = cr.Training(second, X, y, epochs=3, engine=run.engine).fit()
    assert again.engine is run.engine
    assert (again.losses == cr.Training(second, X, y, epochs=3).fit().losses).all()
    other = cr.derive(NETWORK, "binary_cross_entropy", cr.Momentum(0.1))
    for program, dtype in ((other, "float32"), (second, "float64")):
        with pytest.raises(ValueError, match="the engine given runs another program"):
            cr.Training(program, X, y, engine=run.engine, dtype=dtype)


@pytest.fixture
def data(tmp_path):
    random = np.random.RandomState(0)
    x = random.normal(size=(80, 2))
    label = np.where(x[:, 0] * x[:, 1] > 0, "in", "out")
    path = tmp_path / "t.csv"
    path.write_text("a,b,y\n" + "".join(f"{p:.3f},{q:.3f},{r}\n" for (p, q), r in zip(x, label, strict=True)))
    return Split.read(path, "y", "auto", 0, 0.2, 0.0, Dialect(), ())


def usual_for(data, **settings):
    return Recipe(
        Goal.find(data.roles, None, None), partial(optimizer_of, "adam"), penalty_of, partial(schedule_of, "cosine"),
        rate=0.003, epochs=4, **settings,
    ).settled(data.preparation, len(data.training))  # fmt: skip


class Ticks:
    """A clock that goes on by a second whenever somebody looks, far ahead of the one that ends trainings."""

    def __init__(self):
        self.now = 1e12

    def monotonic(self):
        self.now += 1.0
        return self.now


def test_a_race_goes_from_fold_to_fold(data, monkeypatch):
    monkeypatch.setattr(module, "time", Ticks())
    monkeypatch.setattr(module, "round_size", lambda bench, seconds: 9)
    bench, heard = Bench(held_out(data, 4, 0)), []
    found = race(usual_for(data), ("layers", "rate", "l2"), bench, 5.5, lambda *told: heard.append(told))
    assert [len(trial.folds) for trial in found.ranked] == [4, 4, 4, 4, *[2] * 6, *[1] * 18][: len(found.ranked)]
    assert len(found.usual.folds) == 4
    assert bench.trainings == sum(len(trial.folds) for trial in found.ranked) == len(heard)
    assert len({(r.layers, r.rate, r.l2) for r in (trial.recipe for trial in found.ranked)}) == len(found.ranked)
    assert {trial.recipe.layers for trial in found.trials[:9]} <= set(module.LAYERS[:3])
    assert len(bench.ready) == len({trial.recipe.layers for trial in found.ranked})  # derived once for each width
    again = race(usual_for(data), ("layers", "rate", "l2"), Bench(held_out(data, 4, 0)), 1.5)
    drawn, before = ([module.key(trial.recipe) for trial in one.trials] for one in (again, found))
    assert drawn == before[: len(drawn)]
    kept = race(usual_for(data), ("rate",), Bench(held_out(data, 2, 0)), 1.5)
    assert {(trial.recipe.layers, trial.recipe.l2) for trial in kept.ranked} == {((64,), usual_for(data).l2)}


def test_what_is_out_of_settings_ends(data, monkeypatch):
    monkeypatch.setattr(module, "LAYERS", ((4,), (2,)))
    found = race(usual_for(data), ("layers",), Bench(held_out(data, 2, 0)), 1e9)
    assert {trial.recipe.layers for trial in found.ranked} == {(64,), (4,), (2,)}


def trial(usual, *folds):
    return Trial(usual, [Judged(float(np.mean(blocks)), np.array(blocks, float), {}) for blocks in folds])


def test_only_what_is_better_by_more_than_chance_is_chosen(data):
    usual = usual_for(data)
    base = trial(usual, [1, 2, 3, 4], [2, 3, 4, 5])
    for folds, chosen in (
        (([0.5, 1.6, 2.4, 3.5], [1.5, 2.4, 3.6, 4.5]), True),  # always half a unit better
        (([0, 2.5, 2, 4.5], [2.5, 2, 4.5, 4]), False),  # better on average, by chance
        (([0, 0, 0, 0],), False),  # as good as can be, on one fold only
    ):
        other = trial(usual, *folds)
        found = Race(base, [other])
        assert (found.chosen is other) == chosen
    diverged = trial(usual, [np.inf] * 4)
    assert Race(diverged, [trial(usual, [1, 2, 3, 4])]).chosen is not diverged
    assert not is_better(diverged, base)
    assert not is_better(diverged, diverged)


def test_a_round_is_as_large_as_the_time_allows(data):
    bench = Bench(held_out(data, 5, 0))
    bench.trainings, bench.seconds = 10, 10.0
    assert [round_size(bench, seconds) for seconds in (1, 60, 1e6)] == [3, 18, 27]
