"""The stream of steps: which rows, in which order, with which masks."""

import itertools

import numpy as np
import pytest

import chainrule as cr
from chainrule.program.steps import Program
from chainrule.training import batches as module
from chainrule.training.batches import Sampler
from tests.training.runs import regression

Step = tuple[list[int], dict[str, np.ndarray]]

PLAIN = regression()
DROPPED = cr.derive(
    cr.Network(3, [cr.Dropout(0.2), cr.Dense(4, "relu"), cr.Dropout(0.5), cr.Dense(1)]), "mean_squared_error"
)
NORMED = regression(batch_norm=True)


def sampler(program: Program = PLAIN, rows: int = 10, size: int | None = 4, shuffle: bool = True, **more) -> Sampler:
    return Sampler(program, rows, size, shuffle, np.random.RandomState(7), np.dtype("float32"), **more)


def steps(source: Sampler, pieces: list[int]) -> list[Step]:
    """The steps that come when that many are asked for, piece by piece."""
    found = []
    for wanted in pieces:
        while wanted:
            batches, masks = source.take(wanted)
            assert 1 <= len(batches) <= wanted
            wanted -= len(batches)
            for begin, end in itertools.pairwise(batches.offsets.tolist()):
                rows = range(end - begin) if batches.rows is None else batches.rows[begin:end]
                found.append((list(map(int, rows)), {name: array[begin:end] for name, array in masks.items()}))
    return found


def equal(left: list[Step], right: list[Step]) -> bool:
    same_rows = [rows for rows, _ in left] == [rows for rows, _ in right]
    pairs = zip(left, right, strict=True)
    return same_rows and all(np.array_equal(a[name], b[name]) for (_, a), (_, b) in pairs for name in a)


def test_an_epoch_takes_every_row_once_with_a_partial_last_batch():
    for epoch in range(3):
        drawn = steps(sampler(), [3] * (epoch + 1))[-3:]
        assert [len(rows) for rows, _ in drawn] == [4, 4, 2]
        assert sorted(row for rows, _ in drawn for row in rows) == list(range(10))


def test_the_stream_of_random_numbers_is_the_written_one():
    """Per epoch a permutation, then per step the masks in the order of the program: what every script repeats."""
    random, expected = np.random.RandomState(7), []
    for _ in range(4):
        order = random.permutation(10)
        for begin in range(0, 10, 4):
            rows = order[begin : begin + 4]
            masks = {m.name: random.random_sample((len(rows), m.units)) < m.keep for m in DROPPED.masks}
            expected.append((rows.tolist(), masks))
    assert equal(steps(sampler(DROPPED), [12]), expected)


@pytest.mark.parametrize("program", [PLAIN, DROPPED, NORMED], ids=["plain", "dropped", "normed"])
@pytest.mark.parametrize("options", [{}, {"shuffle": False}, {"size": None}, {"given": [[1, 2], [3, 4, 5], [0, 0]]}])
def test_in_how_many_pieces_the_steps_are_asked_for_changes_nothing(program, options, monkeypatch):
    options = {"size": None} | options if "given" in options else options
    whole = steps(sampler(program, **options), [24])
    for pieces in ([1] * 24, [2, 1, 5, 16], [3] * 8, [7, 17]):
        assert equal(steps(sampler(program, **options), pieces), whole)
    monkeypatch.setattr(module, "BLOCK_ROWS", 9)
    monkeypatch.setattr(module, "MASK_BYTES", 100)
    assert equal(steps(sampler(program, **options), [24]), whole)


def test_steps_given_back_come_again():
    source, whole = sampler(DROPPED), steps(sampler(DROPPED), [12])
    batches, masks = source.take(9)
    source.give_back(batches.part(2, 9), masks)
    assert equal(whole[:2] + steps(source, [3, 1, 6]), whole)


def test_no_order_is_drawn_where_none_is_needed():
    source = sampler(size=None)
    before = source.random.get_state()[1].tolist()  # type: ignore[index]
    batches, _ = source.take(1_000)
    assert batches.rows is None
    assert batches.offsets.tolist() == list(range(0, 10_001, 10))
    assert source.random.get_state()[1].tolist() == before  # type: ignore[index]
    assert not sampler(size=10).shuffle


def test_unshuffled_batches_keep_the_order():
    expected = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9], [0, 1, 2, 3]]
    assert [rows for rows, _ in steps(sampler(shuffle=False), [4])] == expected


def test_own_batches_are_taken_as_they_are():
    own = [[3, 1], [2], [9, 9, 0]]
    assert [rows for rows, _ in steps(sampler(size=None, given=own), [6])] == own + own


def test_masks_hold_zeros_and_ones_of_the_dtype_in_the_right_share():
    (_, masks), *_ = steps(sampler(DROPPED, rows=4_000, size=4_000), [1])
    for mask in DROPPED.masks:
        array = masks[mask.name]
        assert array.dtype == np.float32
        assert set(np.unique(array)) == {0, 1}
        assert abs(array.mean() - mask.keep) < 4 * (mask.keep * (1 - mask.keep) / array.size) ** 0.5


def test_masks_are_handed_out_in_blocks_of_at_most_16_mib():
    source = sampler(DROPPED, rows=1_000_000, size=50_000)
    sizes = [sum(mask.nbytes for mask in source.take(20)[1].values()) for _ in range(3)]
    assert max(sizes) <= 16 * 2**20
    assert min(sizes) > 4 * 2**20


# --- batch norm ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "size", "sizes"), [(9, 4, [4, 5]), (10, 4, [4, 4, 2]), (5, 4, [5]), (3, 2, [3])])
def test_under_batch_norm_a_last_batch_of_one_row_joins_the_one_before(rows, size, sizes):
    assert np.diff(sampler(NORMED, rows, size).offsets).tolist() == sizes
    assert np.diff(sampler(PLAIN, rows, size).offsets).tolist()[0] == size


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (1, {"size": None}, "there is only one row of data"),
        (5, {"size": 1}, "this batch_size makes batches of one"),
        (5, {"size": None, "given": [[0, 1], [2]]}, r"batches\[1\] has one"),
    ],
)
def test_under_batch_norm_other_batches_of_one_row_are_refused(rows, options, message):
    with pytest.raises(ValueError, match=f"batch norm needs at least two rows in every batch, but {message}"):
        sampler(NORMED, rows, **options)
