"""4-5-3 gelu, softmax; softmax cross entropy; AdamW; clipped gradient

Derived and written by chainrule; needs JAX.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import log_softmax, softmax
from jax.scipy.stats import norm

jax.config.update("jax_enable_x64", True)


@jax.jit
def step(X, y, parameters, state, t, learning_rate=0.001, rho1=0.9, rho2=0.999, epsilon=1e-8,
         decay=0.01, clip_norm=1.0):
    """One training step on X (N, 4) and y (N, 3).

    Returns the loss before it, the new parameters and state.
    t counts the steps, from 1.
    """
    W1, b1, W2, b2 = parameters
    mW1, vW1, mb1, vb1, mW2, vW2, mb2, vb2 = state
    N = len(X)

    # forward
    z1 = X @ W1 + b1
    normal_cdf1 = norm.cdf(z1)
    a1 = z1 * normal_cdf1
    z2 = a1 @ W2 + b2
    p = softmax(z2)

    # loss
    data_loss = -(y * log_softmax(z2)).sum() / N

    # backward
    delta2 = (p - y) / N
    delta1 = (delta2 @ W2.T) * (normal_cdf1 + z1 * norm.pdf(z1))
    dW1, db1 = X.T @ delta1, delta1.sum(axis=0)
    dW2, db2 = a1.T @ delta2, delta2.sum(axis=0)

    # update
    correction1 = 1 - rho1**t
    correction2 = 1 - rho2**t
    gradient_norm = jnp.sqrt((dW1**2).sum() + (db1**2).sum() + (dW2**2).sum() + (db2**2).sum())
    clip_scale = jnp.minimum(1, clip_norm / (gradient_norm + 1e-6))

    def update(w, dw, m, v):
        dw = clip_scale * dw
        w *= 1 - learning_rate * decay
        m = rho1 * m + (1 - rho1) * dw
        v = rho2 * v + (1 - rho2) * dw**2
        w -= learning_rate * (m / correction1) / (jnp.sqrt(v / correction2) + epsilon)
        return w, m, v

    W1, mW1, vW1 = update(W1, dW1, mW1, vW1)
    b1, mb1, vb1 = update(b1, db1, mb1, vb1)
    W2, mW2, vW2 = update(W2, dW2, mW2, vW2)
    b2, mb2, vb2 = update(b2, db2, mb2, vb2)

    return data_loss, (W1, b1, W2, b2), (mW1, vW1, mb1, vb1, mW2, vW2, mb2, vb2)


@jax.jit
def predict(X, parameters):
    """The output for the rows of X (N, 4)."""
    W1, b1, W2, b2 = parameters
    z1 = X @ W1 + b1
    a1 = z1 * norm.cdf(z1)
    return softmax(a1 @ W2 + b2)


# the data
X = np.array([
    [1.76, 0.4, 0.98, 2.24],
    [1.87, -0.98, 0.95, -0.15],
    [-0.1, 0.41, 0.14, 1.45],
    [0.76, 0.12, 0.44, 0.33],
    [1.49, -0.21, 0.31, -0.85],
    [-2.55, 0.65, 0.86, -0.74],
    [2.27, -1.45, 0.05, -0.19],
    [1.53, 1.47, 0.15, 0.38],
    [-0.89, -1.98, -0.35, 0.16],
], dtype=np.float64)
labels = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2])  # the class of each row
y = np.eye(3, dtype=np.float64)[labels]

# the parameters: weights start at random
random = np.random.RandomState(0)
limit = math.sqrt(6 / 4)
W1 = random.uniform(-limit, limit, (4, 5))
b1 = np.array([0.1, 0.1, 0.1, 0.1, 0.1], dtype=np.float64)
limit = math.sqrt(6 / (5 + 3))
W2 = random.uniform(-limit, limit, (5, 3))
b2 = np.zeros(3)
parameters = W1, b1, W2, b2

# the state: what a step hands on to the next
mW1, vW1 = np.zeros_like(W1), np.zeros_like(W1)
mb1, vb1 = np.zeros_like(b1), np.zeros_like(b1)
mW2, vW2 = np.zeros_like(W2), np.zeros_like(W2)
mb2, vb2 = np.zeros_like(b2), np.zeros_like(b2)
state = mW1, vW1, mb1, vb1, mW2, vW2, mb2, vb2

# the training
t = 0
order = np.arange(len(X))  # the rows stay in order
for epoch in range(30):
    if epoch % 5 == 0:
        output = np.asarray(predict(X, parameters))
        error = np.abs(output - y).mean()
        right = (output.argmax(axis=1) == y.argmax(axis=1)).mean()
        print(f"epoch {epoch}: mean absolute error {error:.12g}, right {right:.1%}")
    total = 0.0
    for start in range(0, len(X), 3):
        rows = order[start : start + 3]
        t += 1
        loss, parameters, state = step(X[rows], y[rows], parameters, state, t)
        total += len(rows) * float(loss)
    loss = total / len(X)

print(f"loss in the last epoch: {loss:.10g}")
print("output for the first rows:")
for output in predict(X, parameters)[:4]:
    print(*(f"{value:.10g}" for value in output))
