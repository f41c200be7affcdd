"""Weights of rows and classes: a row of weight 2 is two rows."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.program.steps import Program
from tests.training.runs import Array, classifier, data, digest, labels, regression, train
from tests.zoo import OUTPUTS

COUNTS = np.array([1, 3, 0, 2, 1, 0, 1, 4, 1, 1, 2])


def duplicated(X: Array, y: Array) -> tuple[Array, Array]:
    return np.repeat(X, COUNTS, axis=0), np.repeat(y, COUNTS, axis=0)


def close(left: cr.Training, right: cr.Training) -> None:
    for name, array in left.parameters.items():
        np.testing.assert_allclose(array, right.parameters[name], rtol=1e-9, atol=1e-12)


def program_for(loss: str) -> Program:
    outputs = 3 if loss == "softmax_cross_entropy" else 2
    return cr.derive(cr.Network.parse(f"3-4-{outputs}", "tanh", OUTPUTS[loss][0]), loss, cr.GradientDescent(0.01))


@pytest.mark.parametrize("loss", OUTPUTS)
def test_weighted_rows_are_repeated_rows(loss):
    program, random = program_for(loss), np.random.RandomState(2)
    X = random.standard_normal((11, 3))
    y = random.randint(0, 3, 11) if loss == "softmax_cross_entropy" else random.random_sample((11, 2))
    weighted = train(program, (X, y), sample_weight=COUNTS).fit()
    repeated = train(program, duplicated(X, y)).fit()
    close(weighted, repeated)
    np.testing.assert_allclose(weighted.losses, repeated.losses, rtol=1e-12)


def test_weights_all_alike_change_nothing_in_a_mean():
    xy = labels(23, 3)
    close(train(classifier(3), xy, sample_weight=np.full(23, 7.5)).fit(), train(classifier(3), xy).fit())


def test_rows_of_weight_zero_are_left_out():
    """So no batch can be without weight, whatever the order."""
    X, y = labels(40, 3)
    weights = (np.arange(40) >= 30) * 2.0
    run = train(classifier(3), (X, y), batch_size=2, sample_weight=weights).fit()
    assert len(run.X) == 10
    assert run.t == 50
    assert digest(run) == digest(train(classifier(3), (X[30:], y[30:]), batch_size=2, sample_weight=weights[30:]).fit())


def test_class_weights_are_weights_of_rows():
    X, y = labels(23, 3)
    run = train(classifier(3), (X, y), class_weight={0: 2, 2: 0.5}).fit()
    assert digest(run) == digest(train(classifier(3), (X, y), sample_weight=np.array([2, 1, 0.5])[y]).fit())
    both = train(classifier(3), (X, y), class_weight={1: 3}, sample_weight=y + 1)
    assert both.inputs["sample_weight"][:, 0].tolist() == ((y + 1) * np.array([1, 3, 1])[y]).tolist()
    one_hot = train(classifier(3), (X, np.eye(3)[y]), class_weight={0: 2, 2: 0.5}).fit()
    assert digest(one_hot) == digest(run)


@pytest.mark.parametrize("classes", [2, 3])
def test_balanced_classes_count_alike(classes):
    X, y = labels(23, 3)
    y = np.minimum(y, classes - 1)
    run = train(classifier(1 if classes == 2 else 3), (X, y), class_weight="balanced")
    weights = run.inputs["sample_weight"][:, 0]
    sums = [weights[y == label].sum() for label in range(classes)]
    np.testing.assert_allclose(sums, 23 / classes)


def test_a_class_that_does_not_occur_weighs_nothing():
    X, y = labels(23, 2)
    run = train(classifier(3), (X, y), class_weight="balanced")
    weights = run.inputs["sample_weight"][:, 0]
    np.testing.assert_allclose([weights[y == label].sum() for label in range(2)], 23 / 2)


def test_a_program_declared_for_weights_does_without():
    program = regression(weighted=True)
    close(train(program).fit(), train().fit())


def test_a_program_in_full_stays_in_full():
    run = train(regression().full, sample_weight=np.ones(23))
    assert run.program.unfolded is None
    assert "z1" in [step.name for step in run.program.steps]


def test_validation_is_not_weighted():
    X, y = data()
    run = train(sample_weight=np.arange(1, 24), validation=(X, y), epochs=1).fit()
    assert run.history["validation_loss"][0] == pytest.approx(((run.predict(X)[:, 0] - y) ** 2).mean())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_weight": np.ones(5)}, r"sample_weight has shape \(5,\): it must be \(23,\)"),
        ({"sample_weight": -np.ones(23)}, r"sample_weight\[0\] is -1: a weight must not be negative"),
        ({"sample_weight": np.zeros(23)}, "sample_weight is 0 in every row"),
        ({"sample_weight": [np.nan] * 23}, r"sample_weight\[0\] is NaN"),
        ({"class_weight": {3: 1.0}}, "class_weight names class 3; the classes are 0 to 2"),
        ({"class_weight": {"a": 1.0}}, "class_weight names class 'a'; the classes are 0 to 2"),
        ({"class_weight": {0: -1}}, "class_weight of class 0 must be a number of at least 0, not -1"),
        ({"class_weight": {0: float("nan")}}, "class_weight of class 0 must be a number"),
        ({"class_weight": {0: "x"}}, "class_weight of class 0 must be a number of at least 0, not 'x'"),
        ({"class_weight": "equal"}, "class_weight must be {label: weight} or \"balanced\", not 'equal'"),
        ({"class_weight": {0: 0, 1: 0, 2: 0}}, "class_weight is 0 for every class"),
        ({"sample_weight": [0] + [1] * 22, "batches": [[0], [1]]}, "row 0 has weight 0: leave it out of the data"),
    ],
)
def test_bad_weights_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        train(classifier(3), labels(23, 3), **options)


def test_class_weights_need_classes():
    with pytest.raises(ValueError, match="class_weight needs classes: y must be labels, 0 and 1, or one-hot rows"):
        train(class_weight="balanced")


def test_an_edited_program_is_not_derived_anew():
    program = regression().replace("data_loss", "((z2 - y)**2).sum()")
    with pytest.raises(ValueError, match="derive it with weighted=True, then replace"):
        train(program, sample_weight=np.ones(23))
