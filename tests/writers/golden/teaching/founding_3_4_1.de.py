"""3-4-1 sigmoid; half squared error; GradientDescent

Derived and written by chainrule; needs NumPy only.

Die Namen aus den Gründungstexten, neben unseren:
    l0 = X: die Eingabe
    syn0, syn1 = W1, W2: die Gewichte, dort Synapsen genannt
    l1, l2 = a1, a2: die Aktivierung der Schicht
    l1_error, l2_error = -error1, -error2: der Fehler, mit umgekehrtem Vorzeichen
    l1_delta, l2_delta = -delta1, -delta2: Delta, mit umgekehrtem Vorzeichen
Die Gründungstexte nehmen als Fehler Ziel minus Ausgabe (y - a), wir nehmen dL/da = a - y. Darum
addieren sie zu den Gewichten, wo wir subtrahieren: Der Schritt ist derselbe.
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(X, y, parameters, learning_rate=1.0):
    """One training step on X (N, 3) and y (N, 1), in place; returns the loss before it."""
    W1, W2 = parameters

    # vorwärts
    z1 = X @ W1                            # (N, 4)  Netzeingabe: gewichtete Summe der Eingaben
    a1 = sigmoid(z1)                       # (N, 4)  Aktivierung: was jedes Neuron weitergibt  [l1]
    z2 = a1 @ W2                           # (N, 1)  Netzeingabe: gewichtete Summe der Eingaben
    a2 = sigmoid(z2)                       # (N, 1)  Ausgabe: die Antwort des Netzes für jedes Beispiel  [l2]

    # Verlust
    data_loss = 0.5 * ((a2 - y)**2).sum()  # Verlust: eine Zahl dafür, wie weit die Ausgabe vom Ziel abweicht

    # rückwärts: Delta = Fehler * Steigung
    error2 = a2 - y                        # (N, 1)  Fehler: wie weit die Ausgabe abweicht, mit Vorzeichen  [-l2_error]
    slope2 = a2 * (1 - a2)                 # (N, 1)  Steigung der Aktivierung: wie stark sie auf z reagiert
    delta2 = error2 * slope2               # (N, 1)  Delta (dL/dz) = Fehler * Steigung  [-l2_delta]
    error1 = delta2 @ W2.T                 # (N, 4)  Fehler (dL/da): der Anteil, der durch die Gewichte zurückkommt  [-l1_error]
    slope1 = a1 * (1 - a1)                 # (N, 4)  Steigung der Aktivierung: wie stark sie auf z reagiert
    delta1 = error1 * slope1               # (N, 4)  Delta (dL/dz) = Fehler * Steigung  [-l1_delta]
    dW1 = X.T @ delta1                     # (3, 4)  Gradient der Gewichte: Eingabe * Delta, über alle Beispiele summiert
    dW2 = a1.T @ delta2                    # (4, 1)  Gradient der Gewichte: Eingabe * Delta, über alle Beispiele summiert

    # Aktualisierung
    W1 -= learning_rate * dW1              # (3, 4)  jeder Parameter geht einen Schritt gegen seinen Gradienten  [syn0]
    W2 -= learning_rate * dW2              # (4, 1)  jeder Parameter geht einen Schritt gegen seinen Gradienten  [syn1]

    return data_loss


def predict(X, parameters):
    """The output for the rows of X (N, 3)."""
    W1, W2 = parameters
    z1 = X @ W1       # (N, 4)  Netzeingabe: gewichtete Summe der Eingaben
    a1 = sigmoid(z1)  # (N, 4)  Aktivierung: was jedes Neuron weitergibt  [l1]
    z2 = a1 @ W2      # (N, 1)  Netzeingabe: gewichtete Summe der Eingaben
    a2 = sigmoid(z2)  # (N, 1)  Ausgabe: die Antwort des Netzes für jedes Beispiel  [l2]
    return a2
