"""Held-out rows: a partition, repeatable, and stratified by largest remainder."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.data import DataError, split


def test_it_is_the_permutation_of_random_state():
    train, test = split(10, 0.3, seed=7)
    order = np.random.RandomState(7).permutation(10)
    assert test.tolist() == order[:3].tolist()
    assert train.tolist() == order[3:].tolist()


def test_repeatable():
    strata = np.arange(100) % 3
    for classes in (None, strata):
        first, second, other = (split(100, 0.25, seed=seed, strata=classes) for seed in (1, 1, 2))
        assert first[0].tolist() == second[0].tolist()
        assert first[1].tolist() == second[1].tolist()
        assert first[1].tolist() != other[1].tolist()


@pytest.mark.parametrize(
    ("sizes", "share", "held"),
    [
        ([50, 50, 50], 0.2, [10, 10, 10]),
        ([6, 3, 1], 0.5, [3, 2, 0]),  # the single row stays in training
        ([97, 2, 1], 0.1, [9, 1, 0]),  # two rows: one on each side
        ([10, 10, 10], 0.1, [1, 1, 1]),
        ([10, 20, 30], 0.05, [1, 1, 1]),
        ([5, 4, 3], 0.1, [1, 0, 0]),  # one row for three classes: not possible for all
        ([2, 2, 2], 0.9, [1, 1, 1]),  # one row of each stays
        ([7, 3], 0.25, [2, 1]),  # 2.5 -> 3 rows; quotas 2.1, 0.9
    ],
)
def test_counts_of_classes(sizes, share, held):
    strata = np.repeat(np.arange(len(sizes)), sizes)
    train, test = split(len(strata), share, seed=0, strata=strata)
    assert np.bincount(strata[test], minlength=len(sizes)).tolist() == held
    assert len(train) + len(test) == len(strata)


def test_order_is_random_across_classes():
    strata = np.repeat([0, 1], 50)
    train, test = split(100, 0.5, seed=0, strata=strata)
    assert 0 < strata[train[:25]].sum() < 25
    assert 0 < strata[test[:25]].sum() < 25


@given(st.data(), st.integers(2, 60), st.floats(0.01, 0.99), st.integers(0, 2**32 - 1))
def test_a_partition_with_every_class_on_both_sides(data, n, share, seed):
    strata = np.array(data.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)))
    sizes = np.unique(strata, return_counts=True)[1]
    if sizes.max() == 1:
        with pytest.raises(DataError, match="every class has a single row"):
            split(n, share, seed, strata)
        return
    train, test = split(n, share, seed, strata)
    assert sorted([*train, *test]) == list(range(n))
    assert set(strata[test]) <= set(strata[train])
    if len(test) >= (sizes > 1).sum():
        assert len(set(strata[test])) == (sizes > 1).sum()
    wanted = min(max(int(n * share + 0.5), 1), n - 1)
    assert len(test) == min(wanted, (sizes - 1).sum())
    plain = split(n, share, seed)
    assert sorted([*plain[0], *plain[1]]) == list(range(n))
    assert len(plain[1]) == wanted


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 0.5, 0), "at least 2 rows"),
        ((10, 0.0, 0), "between 0 and 1"),
        ((10, 1.0, 0), "between 0 and 1"),
        ((10, float("nan"), 0), "between 0 and 1"),
        ((10, 0.5, 0, [1, 2]), "one label for each of the 10 rows"),
    ],
)
def test_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        split(*arguments)
