"""2-4-1 silu, exp; poisson; Adagrad, cosine decay after warm-up; clipped deltas

Derived and written by chainrule; needs JAX.
"""

import math
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import sigmoid

jax.config.update("jax_enable_x64", True)


@jax.jit
def step(X, y, parameters, state, t, rate=0.1, epsilon=1e-10, clip_delta=1.0):
    """One training step on X (N, 2) and y (N, 1).

    Returns the loss before it, the new parameters and state.
    t counts the steps, from 1.
    """
    W1, b1, W2, b2 = parameters
    sW1, sb1, sW2, sb2 = state
    N = len(X)

    # forward
    z1 = X @ W1 + b1
    sigmoid1 = sigmoid(z1)
    a1 = z1 * sigmoid1
    z2 = a1 @ W2 + b2
    a2 = jnp.exp(z2)

    # loss
    data_loss = (a2 - y * z2).mean()

    # backward
    delta2 = jnp.clip((a2 - y) / N, -clip_delta, clip_delta)
    slope1 = sigmoid1 + z1 * (sigmoid1 * (1 - sigmoid1))
    delta1 = jnp.clip((delta2 @ W2.T) * slope1, -clip_delta, clip_delta)
    dW1, db1 = X.T @ delta1, delta1.sum(axis=0)
    dW2, db2 = a1.T @ delta2, delta2.sum(axis=0)

    # update
    learning_rate = (
        0.5 * rate * (1 + jnp.cos(jnp.pi * jnp.minimum(t - 1, 1000) / 1000))
        * jnp.minimum(1, t / 100)
    )

    def update(w, dw, s):
        s += dw**2
        w -= learning_rate * dw / (jnp.sqrt(s) + epsilon)
        return w, s

    W1, sW1 = update(W1, dW1, sW1)
    b1, sb1 = update(b1, db1, sb1)
    W2, sW2 = update(W2, dW2, sW2)
    b2, sb2 = update(b2, db2, sb2)

    return data_loss, (W1, b1, W2, b2), (sW1, sb1, sW2, sb2)


@jax.jit
def predict(X, parameters):
    """The output for the rows of X (N, 2)."""
    W1, b1, W2, b2 = parameters
    z1 = X @ W1 + b1
    a1 = z1 * sigmoid(z1)
    return jnp.exp(a1 @ W2 + b2)


# the data: a CSV with a header line; columns of X: 2, then of y: 1
if len(sys.argv) != 2:
    sys.exit(f"usage: python {sys.argv[0]} DATA.csv\n"
             "DATA.csv has a header line and 2 columns of X, then 1 of y")
table = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1, ndmin=2, dtype=np.float64)
if table.shape[1] != 3:
    sys.exit(f"{sys.argv[1]} has {table.shape[1]} columns; 3 are needed: 2 columns of X, then 1 of y")
X, y = table[:, :2], table[:, 2:]

# the parameters: weights start at random
random = np.random.RandomState(4)
limit = math.sqrt(6 / 2)
W1 = random.uniform(-limit, limit, (2, 4))
b1 = np.zeros(4)
limit = math.sqrt(6 / (4 + 1))
W2 = random.uniform(-limit, limit, (4, 1))
b2 = np.zeros(1)
parameters = W1, b1, W2, b2

# the state: what a step hands on to the next
sW1 = np.zeros_like(W1)
sb1 = np.zeros_like(b1)
sW2 = np.zeros_like(W2)
sb2 = np.zeros_like(b2)
state = sW1, sb1, sW2, sb2

# the training
t = 0
for epoch in range(3):
    error = np.abs(predict(X, parameters) - y).mean()
    print(f"epoch {epoch}: mean absolute error {error:.12g}")
    order = random.permutation(len(X))
    total = 0.0
    for start in range(0, len(X), 500):
        rows = order[start : start + 500]
        t += 1
        loss, parameters, state = step(X[rows], y[rows], parameters, state, t)
        total += len(rows) * float(loss)
    loss = total / len(X)

print(f"loss in the last epoch: {loss:.10g}")
print("output for the first rows:")
for output in predict(X, parameters)[:4]:
    print(*(f"{value:.10g}" for value in output))
