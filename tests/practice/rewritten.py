"""Whole steps written anew, as a learner writes them, each with a slip of a learner: a second reader's corpus.

`FOUND` are those at which the checker first failed, `MORE` those that it knew. All are tried where CHAINRULE_TEST_ALL
is set, else every second of the former.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import chainrule as cr
from chainrule.practice.exercise import Exercise
from tests.practice.corpus import declared, networks


class Slip(NamedTuple):
    """Changes of a step, the first quantity that is wrong by them ("-": none is), and the reason or the problem."""

    step: str
    changes: tuple[tuple[str, str], ...]
    quantity: str
    reason: str

    @property
    def text(self) -> str:
        text = STEPS[self.step]
        for old, new in self.changes:
            assert old in text
            text = text.replace(old, new)
        return text


PLAIN = cr.GradientDescent(0.1)
NETWORKS: dict[str, Callable[[], Exercise]] = {
    "founding": lambda: networks()["founding"],
    "softmax": lambda: declared("4-5-3", "relu", "softmax", "softmax_cross_entropy", PLAIN),
    "tanh": lambda: declared("2-3-1", "tanh", "linear", "half_mean_squared_error", PLAIN),
    "momentum": lambda: declared(
        "3-4-2", "tanh", "linear", "mean_squared_error", cr.Momentum(0.05), penalty=cr.L2(0.01)
    ),
    "adam": lambda: declared("3-4-1", "tanh", "sigmoid", "binary_cross_entropy", cr.Adam(0.01)),
    "batch_norm": lambda: declared("3-4-2", "tanh", "linear", "mean_squared_error", PLAIN, batch_norm=True),
    "dropout": lambda: declared("3-4-2", "tanh", "linear", "mean_squared_error", PLAIN, dropout=0.2),
}

STEPS = {
    "founding": """
import numpy as np


def sigmoid(z):
    return 1/(1+np.exp(-z))


def step(X, y, parameters, learning_rate=1.0):
    W1, W2 = parameters
    z1 = X @ W1
    a1 = sigmoid(z1)
    z2 = a1 @ W2
    a2 = sigmoid(z2)
    loss = 0.5*((a2-y)**2).sum()
    e2 = a2 - y
    d2 = e2 * a2 * (1-a2)
    e1 = d2 @ W2.T
    d1 = e1 * a1 * (1-a1)
    W1 -= learning_rate * X.T @ d1
    W2 -= learning_rate * a1.T @ d2
    return loss
""",
    "softmax": """
import numpy as np


def step(X, y, parameters, learning_rate=0.1):
    W1, b1, W2, b2 = parameters
    n = len(X)
    lin = X.dot(W1) + b1
    h = np.maximum(lin, 0)
    scores = h.dot(W2) + b2
    ex = np.exp(scores - scores.max(axis=1, keepdims=True))
    prob = ex / ex.sum(axis=1, keepdims=True)
    L = -(y*np.log(prob)).sum()/n
    g = (prob - y)/n
    gW2 = h.T.dot(g)
    gb2 = g.sum(axis=0)
    gh = g.dot(W2.T)
    gl = gh*(lin > 0)
    gW1 = X.T.dot(gl)
    gb1 = gl.sum(axis=0)
    W1 -= learning_rate*gW1
    b1 -= learning_rate*gb1
    W2 -= learning_rate*gW2
    b2 -= learning_rate*gb2
    return L
""",
    "tanh": """
import numpy as np


def step(X, y, parameters, learning_rate=0.1):
    W1, b1, W2, b2 = parameters
    N = X.shape[0]
    Z = X @ W1 + b1
    H = np.tanh(Z)
    out = H @ W2 + b2
    diff = out - y
    loss = 0.5 * np.mean(diff**2)
    D2 = diff / N
    D1 = (D2 @ W2.T) * (1 - H**2)
    W2 -= learning_rate * H.T @ D2
    b2 -= learning_rate * D2.sum(0)
    W1 -= learning_rate * X.T @ D1
    b1 -= learning_rate * D1.sum(0)
    return loss
""",
    "momentum": """
import numpy as np


def step(X, y, parameters, state, learning_rate=0.05, mu=0.9, l2=0.01):
    W1, b1, W2, b2 = parameters
    vW1, vb1, vW2, vb2 = state
    n = X.shape[0]
    hid = np.tanh(X @ W1 + b1)
    out = hid @ W2 + b2
    total = np.mean((out - y)**2) + 0.5*l2*(np.sum(W1**2) + np.sum(W2**2))
    do = 2*(out - y)/out.size
    gW2 = hid.T @ do + l2*W2
    gb2 = do.sum(axis=0)
    dh = do @ W2.T * (1 - hid**2)
    gW1 = X.T @ dh + l2*W1
    gb1 = dh.sum(axis=0)
    for p, g, v in zip((W1,b1,W2,b2),(gW1,gb1,gW2,gb2),(vW1,vb1,vW2,vb2)):
        v *= mu
        v += g
        p -= learning_rate*v
    return total
""",
    "adam": """
import numpy as np


def step(X, y, parameters, state, t, learning_rate=0.01, rho1=0.9, rho2=0.999, epsilon=1e-8):
    W1, b1, W2, b2 = parameters
    N = len(X)
    a = np.tanh(X @ W1 + b1)
    q = 1/(1+np.exp(-(a @ W2 + b2)))
    cost = -np.mean(y*np.log(q) + (1-y)*np.log(1-q))
    d = (q - y)/N
    e = (d @ W2.T)*(1 - a*a)
    grads = [X.T @ e, e.sum(0), a.T @ d, d.sum(0)]
    ms, vs = state[0::2], state[1::2]
    for i in range(4):
        m, v, g = ms[i], vs[i], grads[i]
        m[:] = rho1*m + (1-rho1)*g
        v[:] = rho2*v + (1-rho2)*g**2
        mh = m/(1-rho1**t)
        vh = v/(1-rho2**t)
        parameters[i] -= learning_rate*mh/(np.sqrt(vh)+epsilon)
    return cost
""",
    "batch_norm": """
import numpy as np


def step(X, y, parameters, state, learning_rate=0.1):
    W1, gamma1, beta1, W2, b2 = parameters
    rm, rv = state
    N = X.shape[0]
    pre = X @ W1
    mu = pre.mean(axis=0)
    var = ((pre - mu)**2).mean(axis=0)
    sd = np.sqrt(var + 1e-5)
    xhat = (pre - mu)/sd
    act = np.tanh(gamma1*xhat + beta1)
    out = act @ W2 + b2
    loss = np.mean((out-y)**2)
    do = 2*(out-y)/out.size
    da = do @ W2.T
    ds = da*(1-act**2)
    dg = np.sum(ds*xhat, axis=0)
    db = np.sum(ds, axis=0)
    dx = ds*gamma1
    dz = (dx - dx.mean(axis=0) - xhat*(dx*xhat).mean(axis=0))/sd
    dW = X.T @ dz
    dV = act.T @ do
    W1 -= learning_rate*dW
    gamma1 -= learning_rate*dg
    beta1 -= learning_rate*db
    W2 -= learning_rate*dV
    b2 -= learning_rate*do.sum(axis=0)
    rm *= 0.9
    rm += 0.1*mu
    rv *= 0.9
    rv += 0.1*var*N/(N-1)
    return loss
""",
    "dropout": """
import numpy as np


def step(X, y, mask1, parameters, learning_rate=0.1):
    W1, b1, W2, b2 = parameters
    z1 = X @ W1 + b1
    a1 = np.tanh(z1)
    h1 = a1 * mask1 / 0.8
    z2 = h1 @ W2 + b2
    loss = ((z2-y)**2).mean()
    delta2 = 2*(z2-y)/z2.size
    back = delta2 @ W2.T
    delta1 = back * mask1 / 0.8 * (1 - a1**2)
    W1 -= learning_rate * X.T @ delta1
    b1 -= learning_rate * delta1.sum(axis=0)
    W2 -= learning_rate * h1.T @ delta2
    b2 -= learning_rate * delta2.sum(axis=0)
    return loss
""",
}

FOUND = (
    Slip("softmax", (("ex.sum(axis=1, keepdims=True)", "ex.sum(axis=0, keepdims=True)"),), "p", "axis"),
    Slip("softmax", (("ex.sum(axis=1, keepdims=True)", "ex.sum()"),), "p", "maximum_axis"),
    Slip("softmax", (("n = len(X)", "n = X.shape[1]"),), "data_loss", "wrong_count"),
    Slip("softmax", (("g = (prob - y)/n", "g = (prob - y)/y.shape[1]"),), "delta2", "wrong_count"),
    Slip("softmax", (("g = (prob - y)/n", "g = (prob - y)/y.size"),), "delta2", "rows_elements"),
    Slip("softmax", (("(y*np.log(prob))", "(y*prob)"),), "data_loss", "function_missing"),
    Slip(
        "tanh",
        (
            ("diff = out - y", "diff = out - y.ravel()"),
            ("D2 = diff / N", "D2 = (out - y) / N"),
        ),
        "data_loss",
        "broadcast",
    ),
    Slip(
        "tanh",
        (
            ("D2 = diff / N", "D2 = (out - y.ravel()) / N"),
            ("H.T @ D2", "(H.T @ D2).mean(1, keepdims=True)"),
            ("D2.sum(0)", "D2.sum()"),
            ("(D2 @ W2.T)", "(D2.mean(1, keepdims=True) @ W2.T)"),
        ),
        "delta2",
        "broadcast",
    ),
    Slip("tanh", (("D2 = diff / N", "D2 = 2 * diff / N"),), "delta2", "doubled"),
    Slip("tanh", (("    Z = X @ W1", "    X -= X.mean(0)\n    Z = X @ W1"),), "-", "changed"),
    Slip("tanh", (("return loss", "return 0.5*np.mean((np.tanh(X@W1+b1)@W2+b2-y)**2)"),), "data_loss", "loss_after"),
    Slip("momentum", (("X.T @ dh + l2*W1", "X.T @ dh + 2*l2*W1"),), "dW1", "term_times"),
    Slip("momentum", (("gb1 = dh.sum(axis=0)", "gb1 = dh.sum(axis=0) + l2*b1"),), "db1", "term_extra"),
    Slip("momentum", (("/out.size", "/n"),), "delta2", "rows_elements"),
    Slip("momentum", (("2*(out - y)/out.size", "(out - y)/out.size"),), "delta2", "halved"),
    Slip("momentum", (("v += g", "v += (1-mu)*g"),), "vW1", "factor_extra"),
    Slip("momentum", (("        v *= mu\n        v += g\n", "        v[...] = v + mu*g\n"),), "vW1", "exchanged"),
    Slip(
        "adam",
        (
            ("mh = m/(1-rho1**t)", "mh = m"),
            ("vh = v/(1-rho2**t)", "vh = v"),
        ),
        "W1",
        "divisor_missing",
    ),
    Slip(
        "adam",
        (
            ("1-rho1**t", "1-rho1**(t+1)"),
            ("1-rho2**t", "1-rho2**(t+1)"),
        ),
        "correction1",
        "counter",
    ),
    Slip("adam", (("rho1*m + (1-rho1)*g", "(1-rho1)*m + rho1*g"),), "mW1", "exchanged"),
    Slip("adam", (("rho2*v + (1-rho2)", "rho1*v + (1-rho1)"),), "vW1", "wrong_name"),
    Slip("adam", (("d = (q - y)/N", "d = (q - y)/(q*(1-q))/N"),), "delta2", "missing_slope"),
    Slip("adam", (("rho1*m + (1-rho1)*g", "0.9*m + 0.1*g"),), "mW1", "hard_coded"),
    Slip("adam", (("ms, vs = state[0::2], state[1::2]", "ms, vs = state[1::2], state[0::2]"),), "mW1", "unknown"),
    Slip("adam", (("y*np.log(q) + (1-y)*np.log(1-q)", "y*np.log(q)"),), "data_loss", "term_missing"),
    Slip(
        "batch_norm",
        (
            ("mu = pre.mean(axis=0)", "mu = pre.mean(axis=1, keepdims=True)"),
            ("rm += 0.1*mu", "rm += 0.1*mu.mean()"),
        ),
        "mean1",
        "axis",
    ),
    Slip(
        "batch_norm",
        (("rm *= 0.9\n    rm += 0.1*mu", "rm *= 0.1\n    rm += 0.9*mu"),),
        "running_mean1",
        "exchanged",
    ),
    Slip("batch_norm", (("var*N/(N-1)", "var"),), "running_variance1", "biased"),
    Slip("softmax", (("W2 -= learning_rate*gW2", "W2 -= 2*learning_rate*gW2"),), "W2", "change_factor"),
    Slip("batch_norm", (("dg = np.sum(ds*xhat", "dg = np.sum(dx*xhat"),), "dn1", "raised"),
)

MORE = (
    Slip(
        "founding",
        (
            ("e1 = d2 @ W2.T", "W2 -= learning_rate * a1.T @ d2\n    e1 = d2 @ W2.T"),
            (
                "W1 -= learning_rate * X.T @ d1\n    W2 -= learning_rate * a1.T @ d2\n    return",
                "W1 -= learning_rate * X.T @ d1\n    return",
            ),
        ),
        "error1",
        "update_before_use",
    ),
    Slip("founding", (("e2 = a2 - y", "e2 = y - a2"),), "error2", "sign"),
    Slip(
        "founding",
        (
            ("W1 -=", "W1 +="),
            ("W2 -=", "W2 +="),
        ),
        "W1",
        "uphill",
    ),
    Slip("founding", (("a1 * (1-a1)", "z1 * (1-z1)"),), "delta1", "slope_of_z"),
    Slip("founding", (("e1 * a1 * (1-a1)", "e1 * sigmoid(a1)*(1-sigmoid(a1))"),), "delta1", "activation_twice"),
    Slip("founding", (("e1 * a1 * (1-a1)", "e1"),), "delta1", "missing_slope"),
    Slip("founding", (("e2 * a2 * (1-a2)", "e2"),), "delta2", "missing_slope"),
    Slip("founding", (("0.5*((a2-y)**2).sum()", "((a2-y)**2).sum()"),), "data_loss", "doubled"),
    Slip("founding", ((".sum()", ".mean()"),), "data_loss", "mean_extra"),
    Slip(
        "founding",
        (
            ("X.T @ d1", "a1.T @ d1"),
            ("W1 -= learning_rate * ", "g = "),
        ),
        "dW1",
        "wrong_name",
    ),
    Slip(
        "founding",
        (
            ("e1 = d2 @ W2.T", "e1 = (W2 @ d2.T)"),
            ("d1 = e1 *", "d1 = e1.T *"),
            ("a1 * (1-a1)", "(1-a1)"),
        ),
        "delta1",
        "factor_missing",
    ),
    Slip("founding", (("e1 = d2 @ W2.T", "e1 = e2 @ W2.T"),), "error1", "wrong_name"),
    Slip("founding", (("d1 = e1 * a1 * (1-a1)", "d1 = e1 * a2 * (1-a2)"),), "delta1", "wrong_name"),
    Slip("founding", (("a1 = sigmoid(z1)", "a1 = z1"),), "a1", "activation_missing"),
    Slip("founding", (("a1 * (1-a1)", "(1-a1**2)"),), "delta1", "other_slope"),
    Slip("softmax", (("g = (prob - y)/n", "g = prob - y"),), "delta2", "mean_missing"),
    Slip("softmax", (("g = (prob - y)/n", "g = (y - prob)/n"),), "delta2", "sign"),
    Slip("softmax", (("L = -(", "L = ("),), "data_loss", "sign"),
    Slip("softmax", (("g = (prob - y)/n", "g = (prob - y)*prob*(1-prob)/n"),), "delta2", "slope_extra"),
    Slip("softmax", (("gb1 = gl.sum(axis=0)", "gb1 = gl.mean(axis=0)"),), "db1", "mean_extra"),
    Slip("softmax", (("gl = gh*(lin > 0)", "gl = gh*(gh > 0)"),), "delta1", "wrong_name"),
    Slip("softmax", (("gl = gh*(lin > 0)", "gl = gh"),), "delta1", "missing_slope"),
    Slip("softmax", (("scores = h.dot(W2) + b2", "scores = h.dot(W2)"),), "z2", "term_missing"),
    Slip("softmax", (("b2 -= learning_rate*gb2", "b2 -= gb2"),), "b2", "rate_missing"),
    Slip("softmax", (("gW1 = X.T.dot(gl)", "gW1 = X.T.dot(gl)/n"),), "dW1", "mean_extra"),
    Slip("tanh", (("(1 - H**2)", "(1 - Z**2)"),), "delta1", "slope_of_z"),
    Slip("tanh", (("(1 - H**2)", "(1 - H)"),), "delta1", "square_missing"),
    Slip("tanh", (("(1 - H**2)", "(1 + H**2)"),), "delta1", "sign_inside"),
    Slip("tanh", (("diff = out - y", "diff = out - y\n    y -= out\n    y *= -1\n    y *= 1"),), "-", "changed"),
    Slip("tanh", (("D2 = diff / N", "D2 = diff / 5"),), "delta2", "hard_coded"),
    Slip(
        "tanh",
        (
            ("    W2 -= learning_rate * H.T @ D2\n", ""),
            ("    D1 =", "    W2 -= learning_rate * H.T @ D2\n    D1 ="),
        ),
        "delta1",
        "update_before_use",
    ),
    Slip("tanh", (("X.T @ D1", "X.T @ D1 / N"),), "dW1", "mean_extra"),
    Slip(
        "tanh",
        (
            ("W2 -= learning_rate * H.T @ D2", "W2 = W2 - learning_rate * H.T @ D2"),
            ("W1 -= learning_rate * X.T @ D1", "W1 = W1 - learning_rate * X.T @ D1"),
        ),
        "W1",
        "not_in_place",
    ),
    Slip("tanh", (("    return loss", "    pass"),), "data_loss", "nothing_returned"),
    Slip("momentum", (("hid.T @ do + l2*W2", "hid.T @ do"),), "dW2", "term_missing"),
    Slip("momentum", (("hid.T @ do + l2*W2", "hid.T @ do - l2*W2"),), "dW2", "sign_inside"),
    Slip(
        "momentum",
        (("np.mean((out - y)**2) + 0.5*l2*(np.sum(W1**2) + np.sum(W2**2))", "np.mean((out - y)**2)"),),
        "loss",
        "term_missing",
    ),
    Slip("momentum", (("0.5*l2", "l2"),), "loss", "term_times"),
    Slip("momentum", (("        v *= mu\n", ""),), "vW1", "factor_missing"),
    Slip("momentum", (("p -= learning_rate*v", "p -= learning_rate*g"),), "W1", "wrong_name"),
    Slip(
        "momentum",
        (
            (
                "        v *= mu\n        v += g\n        p -= learning_rate*v",
                "        p -= learning_rate*v\n        v *= mu\n        v += g",
            ),
        ),
        "W1",
        "stale",
    ),
    Slip("adam", (("vh = v/(1-rho2**t)", "vh = v"),), "W1", "divisor_missing"),
    Slip("adam", (("g**2", "g"),), "vW1", "square_missing"),
    Slip("adam", (("np.sqrt(vh)", "vh"),), "W1", "function_missing"),
    Slip("adam", (("-np.mean(", "-np.sum("),), "data_loss", "mean_missing"),
    Slip("adam", (("parameters[i] -=", "parameters[i] +="),), "W1", "uphill"),
    Slip(
        "batch_norm",
        (
            ("var = ((pre - mu)**2).mean(axis=0)", "var = pre.var(axis=0, ddof=1)"),
            ("var*N/(N-1)", "var"),
        ),
        "variance1",
        "unbiased",
    ),
    Slip("batch_norm", (("np.sqrt(var + 1e-5)", "(var + 1e-5)"),), "std1", "function_missing"),
    Slip("batch_norm", (("dx = ds*gamma1", "dx = ds"),), "dn1", "factor_missing"),
    Slip(
        "batch_norm",
        (("(dx - dx.mean(axis=0) - xhat*(dx*xhat).mean(axis=0))/sd", "dx/sd"),),
        "delta1",
        "constant_statistics",
    ),
    Slip("batch_norm", ((" - xhat*(dx*xhat).mean(axis=0)", ""),), "delta1", "term_missing"),
    Slip("batch_norm", (("dx.mean(axis=0)", "dx.sum(axis=0)"),), "delta1", "mean_missing"),
    Slip("batch_norm", (("(dx*xhat).mean(axis=0))/sd", "(dx*xhat).mean(axis=0))/var"),), "delta1", "wrong_name"),
    Slip("batch_norm", (("np.sum(ds*xhat, axis=0)", "np.sum(ds*pre, axis=0)"),), "dgamma1", "wrong_name"),
    Slip("batch_norm", (("gamma1*xhat + beta1", "gamma1*xhat"),), "a1", "term_missing"),
    Slip("batch_norm", (("    rm *= 0.9\n    rm += 0.1*mu\n", ""),), "running_mean1", "not_updated"),
    Slip("batch_norm", (("xhat = (pre - mu)/sd", "xhat = pre/sd"),), "n1", "term_missing"),
    Slip("dropout", (("h1 = a1 * mask1 / 0.8", "h1 = a1 * mask1"),), "h1", "factor"),
    Slip("dropout", (("back * mask1 / 0.8 * (1 - a1**2)", "back * (1 - a1**2)"),), "delta1", "factor_missing"),
    Slip("dropout", (("back * mask1 / 0.8", "back * mask1"),), "delta1", "factor"),
    Slip("dropout", (("(1 - a1**2)", "(1 - h1**2)"),), "delta1", "wrong_name"),
    Slip("dropout", (("h1.T @ delta2", "a1.T @ delta2"),), "dW2", "wrong_name"),
    Slip(
        "dropout",
        (
            ("a1 * mask1 / 0.8", "a1 * mask1 / 0.2"),
            ("back * mask1 / 0.8", "back * mask1 / 0.2"),
        ),
        "h1",
        "factor",
    ),
    Slip("dropout", (("h1 = a1 * mask1 / 0.8", "h1 = a1"),), "h1", "factor_missing"),
    Slip("founding", (("a1.T @ d2", "a1.T @ d2 / len(X)"), ("X.T @ d1", "X.T @ d1 / len(X)")), "dW1", "mean_extra"),
    Slip("softmax", (("h = np.maximum(lin, 0)", "h = 1/(1+np.exp(-lin))"),), "a1", "other_activation"),
    Slip("momentum", (("X.T @ dh + l2*W1", "X.T @ dh + l2*W1/n"),), "dW1", "term_times"),
    Slip("momentum", (("v += g", "v += learning_rate*g"), ("p -= learning_rate*v", "p -= v")), "vW1", "factor_extra"),
    Slip("momentum", (("v += g", "v -= learning_rate*g"), ("p -= learning_rate*v", "p += v")), "vW1", "factor_extra"),
    Slip("batch_norm", (("rv += 0.1*var*N", "rv += 0.1*sd*N"),), "running_variance1", "wrong_name"),
    Slip("batch_norm", (("dW = X.T @ dz", "dW = X.T @ dx"),), "dW1", "wrong_name"),
    Slip("batch_norm", (("(dx - dx.mean(axis=0) - xhat", "(dx + dx.mean(axis=0) - xhat"),), "delta1", "sign_inside"),
)
