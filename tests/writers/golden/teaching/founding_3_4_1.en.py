"""3-4-1 sigmoid; half squared error; gradient descent

Derived and written by chainrule; needs NumPy.

The names of the founding texts, beside ours:
    l0 = X: the input
    syn0, syn1 = W1, W2: the weights, there called synapses
    l1, l2 = a1, a2: the activation of the layer
    l1_error, l2_error = -error1, -error2: the error, with the opposite sign
    nonlin(l1, True), nonlin(l2, True) = slope1, slope2: the slope of the activation
    l1_delta, l2_delta = -delta1, -delta2: delta, with the opposite sign
The founding texts take target minus output (y - a) as the error, we take dL/da = a - y. So they
add to the weights where we subtract: the step is the same.

parameters: W1 (3, 4) random, W2 (4, 1) random
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(X, y, parameters, learning_rate=1.0):
    """One training step on X (N, 3) and y (N, 1), in place; returns the loss before it."""
    W1, W2 = parameters

    # forward
    z1 = X @ W1       # (N, 4)  pre-activation: weighted sum of the inputs
    a1 = sigmoid(z1)  # (N, 4)  activation: what each neuron passes on  [l1]
    z2 = a1 @ W2      # (N, 1)  pre-activation: weighted sum of the inputs
    a2 = sigmoid(z2)  # (N, 1)  output: the network's answer for each sample  [l2]

    # loss
    data_loss = 0.5 * ((a2 - y)**2).sum()  # loss: one number for how far outputs are from targets

    # backward: delta = error * slope
    error2 = a2 - y           # (N, 1)  error: how far the output is off, with its sign  [-l2_error]
    slope2 = a2 * (1 - a2)    # (N, 1)  slope of the activation: how strongly it reacts to z  [nonlin(l2, True)]
    delta2 = error2 * slope2  # (N, 1)  delta (dL/dz) = error * slope  [-l2_delta]
    error1 = delta2 @ W2.T    # (N, 4)  error (dL/da): blame passed back through the weights  [-l1_error]
    slope1 = a1 * (1 - a1)    # (N, 4)  slope of the activation: how strongly it reacts to z  [nonlin(l1, True)]
    delta1 = error1 * slope1  # (N, 4)  delta (dL/dz) = error * slope  [-l1_delta]
    dW1 = X.T @ delta1        # (3, 4)  gradient of the weights: input * delta, summed over samples
    dW2 = a1.T @ delta2       # (4, 1)  gradient of the weights: input * delta, summed over samples

    # update
    W1 -= learning_rate * dW1  # (3, 4)  each parameter takes a step against its gradient  [syn0]
    W2 -= learning_rate * dW2  # (4, 1)  each parameter takes a step against its gradient  [syn1]

    return data_loss


def predict(X, parameters):
    """The output for the rows of X (N, 3)."""
    W1, W2 = parameters
    z1 = X @ W1       # (N, 4)  pre-activation: weighted sum of the inputs
    a1 = sigmoid(z1)  # (N, 4)  activation: what each neuron passes on  [l1]
    z2 = a1 @ W2      # (N, 1)  pre-activation: weighted sum of the inputs
    a2 = sigmoid(z2)  # (N, 1)  output: the network's answer for each sample  [l2]
    return a2
