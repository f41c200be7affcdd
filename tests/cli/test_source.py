"""`chainrule source`: which program is printed for which options."""

import ast

import pytest

SIX_LINES = """\
# forward
a1 = sigmoid(X @ W1)
a2 = sigmoid(a1 @ W2)

# loss
data_loss = 0.5 * ((a2 - y)**2).sum()

# backward
delta2 = (a2 - y) * (a2 * (1 - a2))
delta1 = (delta2 @ W2.T) * (a1 * (1 - a1))

# update
W1 -= learning_rate * (X.T @ delta1)
W2 -= learning_rate * (a1.T @ delta2)
"""


def test_bare_it_prints_the_six_lines(cli):
    assert cli("source").stdout == SIX_LINES


def test_options_change_the_founding_network(cli):
    assert "def step(X, y, parameters, learning_rate=1.0)" in cli("source", "--form", "module").stdout
    assert "relu" in cli("source", "--activation", "relu").stdout
    assert "b1" in cli("source", "--bias").stdout
    assert "learning_rate" in cli("source", "--loss", "binary_cross_entropy").stdout


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        (["3-4-1"], "3-4-1 relu, linear; half mean squared error; gradient descent"),
        (["3-4-2"], "3-4-2 relu, softmax; softmax cross entropy; gradient descent"),
        (["3-4-2", "--output", "sigmoid"], "3-4-2 relu, sigmoid; binary cross entropy; gradient descent"),
        (["3-4-2", "--output", "tanh"], "3-4-2 relu, tanh; half mean squared error; gradient descent"),
        (["3-1", "--loss", "poisson"], "3-1 exp; poisson; gradient descent"),
        (["3-1", "--loss", "huber", "--optimizer", "adam"], "3-1 linear; huber; Adam"),
        (["3-4-1", "--l2", "1e-4"], "3-4-1 relu, linear; half mean squared error; gradient descent; L2 penalty"),
        (
            ["3-1", "--l1", "1", "--l2", "1"],
            "3-1 linear; half mean squared error; gradient descent; elastic net penalty",
        ),
    ],
)  # fmt: skip
def test_output_and_loss_are_chosen_to_go_together(cli, arguments, title):
    result = cli("source", *arguments)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == f'"""{title}'
    ast.parse(result.stdout)


@pytest.mark.parametrize("language", ["numpy", "jax"])
def test_every_option_reaches_the_program(cli, language):
    options = [
        *("--activation", "z * sigmoid(1.702 * z)", "--no-bias", "--dropout", ".2", "--batch-norm", "--loss", "huber"),
        *("--l2", "1e-3", "--clip-norm", "1", "--clip-delta", ".5", "--optimizer", "momentum:mu=0.8", "--rate", "0.25"),
        *("--schedule", "step:every=7", "--teaching", "--lang", "de"),
    ]
    result = cli("source", "5-8-2", "--language", language, *options)
    assert result.exit_code == 0
    ast.parse(result.stdout)
    for text in ("1.702", "mask1", "running_mean1", "l2=0.001", "clip_norm=1", "clip_delta=0.5", "mu=0.8", "rate=0.25",
                 "/ 7", "huber", "Steigung"):  # fmt: skip
        assert text in result.stdout.replace("1e-3", "0.001"), text
    assert "b2" not in result.stdout


def test_founding_names(cli):
    assert "syn0" in cli("source", "--names", "founding").stdout


def test_into_a_file(cli, tmp_path):
    path = tmp_path / "net.py"
    result = cli("source", "3-4-1", "-o", path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert path.read_text() == cli("source", "3-4-1").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["3"], "network '3': write the number of inputs"),
        (["abc"], "write the number of inputs"),
        (["3--1"], "write the number of inputs"),
        (["3-0-1"], "units must be at least 1"),
        (["0-3-1"], "inputs must be a whole number of at least 1"),
        (["3-4-1", "--language", "cobol"], "unknown language 'cobol'; known: numpy, jax"),
        (["3-4-1", "--form", "poem"], "unknown form 'poem'; known: module, step"),
        (["3-4-1", "--names", "mine"], "unknown names 'mine'; known: ours, founding"),
        (["3-4-1", "--activation", "rleu"], "unknown activation 'rleu'; known: linear, sigmoid"),
        (["3-4-1", "--loss", "mse"], "unknown loss 'mse'; known: half_squared_error"),
        (["3-4-1", "--optimizer", "sgd"], "unknown optimizer 'sgd'; known: gradient_descent, momentum"),
        (["3-4-1", "--optimizer", "adam:mu=1"], "optimizer adam has no setting 'mu'; it has rho1, rho2, epsilon"),
        (["3-4-1", "--optimizer", "adam:rate=1"], "the rate is --rate"),
        (["3-4-1", "--optimizer", "momentum:mu=fast"], "optimizer momentum: mu must be a number, not 'fast'"),
        (["3-4-1", "--optimizer", "momentum:mu=-1"], "Momentum: mu must be a number of at least 0"),
        (["3-4-1", "--schedule", "cosin"], "unknown schedule 'cosin'; known: constant, step, exponential, cosine"),
        (["3-4-1", "--rate", "nan"], "rate must be a number of at least 0"),
        (["3-4-1", "--l2", "-1"], "must be a number of at least 0"),
        (["3-4-1", "--dropout", "1"], "Dropout"),
        (["3-4-1", "--clip-norm", "0"], "clip_norm must be a number above 0"),
        (["3-4-2", "--loss", "poisson", "--output", "linear"], "loss poisson needs exp or softplus or sigmoid"),
        (["3-4-2", "--loss", "softmax_cross_entropy", "--output", "sigmoid"], "needs softmax as output activation"),
        (["3-4-1", "--loss", "softmax_cross_entropy"], "softmax over a single output is always 1"),
        (["3-4-1", "--activation", "z * sigmod(z)"], "at position 5"),
        (["3-4-1", "--activation", "z * (1 + z"], "position"),
        (["3-4-1", "--loss", "(p - y)**2 + q"], "position"),
        (["3-4-1", "--activation", "p - y"], "no activation"),
        (["3-4-1", "--activation", "z\x1b[31m"], "printable"),
        (["3-4-1", "-o", "/"], "-o /: this is a directory"),
    ],
)
def test_bad_input_is_refused(cli, arguments, message):
    result = cli("source", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) <= 12
    assert "\x1b" not in result.stderr


def test_the_position_in_a_formula_is_pointed_at(cli):
    lines = cli("source", "3-4-1", "--activation", "z * sigmod(z)").stderr.splitlines()
    assert lines[1].index("sigmod") == lines[2].index("^")
