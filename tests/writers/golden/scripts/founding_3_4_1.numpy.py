"""3-4-1 sigmoid; half squared error; gradient descent

Derived and written by chainrule; needs NumPy.
"""

import numpy as np

np.seterr(over="ignore")  # a saturated sigmoid


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(X, y, parameters, learning_rate=1.0):
    """One training step on X (N, 3) and y (N, 1), in place; returns the loss before it."""
    W1, W2 = parameters

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

    return data_loss


def predict(X, parameters):
    """The output for the rows of X (N, 3)."""
    W1, W2 = parameters
    a1 = sigmoid(X @ W1)
    return sigmoid(a1 @ W2)


# the data
X = np.array([
    [0, 0, 1],
    [0, 1, 1],
    [1, 0, 1],
    [1, 1, 1],
], dtype=np.float64)
y = np.array([[0], [1], [1], [0]], dtype=np.float64)

# the parameters: weights start at random
random = np.random.RandomState(1)
W1 = random.uniform(-1, 1, (3, 4))
W2 = random.uniform(-1, 1, (4, 1))
parameters = W1, W2

# the training
for epoch in range(60000):
    if epoch % 10000 == 0:
        error = np.abs(predict(X, parameters) - y).mean()
        print(f"epoch {epoch}: mean absolute error {error:.12g}")
    loss = step(X, y, parameters)

print(f"loss in the last epoch: {loss:.10g}")
print("output:")
for output in predict(X, parameters):
    print(*(f"{value:.10g}" for value in output))
