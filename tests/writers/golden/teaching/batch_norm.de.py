"""5-6-1 relu, sigmoid; binary cross entropy; Momentum

Derived and written by chainrule; needs NumPy only.

Die Namen aus den Gründungstexten, neben unseren:
    l0 = X: die Eingabe
    syn0, syn1 = W1, W2: die Gewichte, dort Synapsen genannt
    l1, l2 = a1, p: die Aktivierung der Schicht
    l1_error = -error1: der Fehler, mit umgekehrtem Vorzeichen
    l1_delta, l2_delta = -delta1, -delta2: Delta, mit umgekehrtem Vorzeichen
Die Gründungstexte nehmen als Fehler Ziel minus Ausgabe (y - a), wir nehmen dL/da = a - y. Darum
addieren sie zu den Gewichten, wo wir subtrahieren: Der Schritt ist derselbe.
"""

import numpy as np


def relu(z):
    return np.maximum(z, 0)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(X, y, parameters, state, learning_rate=0.1, mu=0.9):
    """One training step on X (N, 5) and y (N, 1), in place; returns the loss before it."""
    W1, gamma1, beta1, W2, b2 = parameters
    vW1, vgamma1, vbeta1, vW2, vb2, running_mean1, running_variance1 = state
    N = len(X)

    # vorwärts
    z1 = X @ W1                                             # (N, 6)  Netzeingabe: gewichtete Summe der Eingaben
    mean1 = z1.mean(axis=0)                                 # (6,)  Mittelwert jeder Spalte über den Batch
    variance1 = z1.var(axis=0)                              # (6,)  Varianz jeder Spalte über den Batch
    std1 = np.sqrt(variance1 + 1e-5)                        # (6,)  Standardabweichung; ein kleines Epsilon verhindert Teilen durch 0
    n1 = (z1 - mean1) / std1                                # (N, 6)  normalisiert: minus Mittelwert, geteilt durch Standardabweichung
    s1 = gamma1 * n1 + beta1                                # (N, 6)  skaliert und verschoben: gamma und beta werden gelernt
    a1 = relu(s1)                                           # (N, 6)  Aktivierung: was jedes Neuron weitergibt  [l1]
    z2 = a1 @ W2 + b2                                       # (N, 1)  Netzeingabe: gewichtete Summe der Eingaben
    p = sigmoid(z2)                                         # (N, 1)  Ausgabe als Wahrscheinlichkeit, zwischen 0 und 1  [l2]

    # Verlust
    data_loss = (np.logaddexp(0, z2) - y * z2).mean()       # Verlust: eine Zahl dafür, wie weit die Ausgabe vom Ziel abweicht

    # rückwärts: Delta = Fehler * Steigung
    delta2 = (p - y) / N                                    # (N, 1)  Delta (dL/dz): die Steigung kürzt sich weg: Ausgabe - Ziel  [-l2_delta]
    error1 = delta2 @ W2.T                                  # (N, 6)  Fehler (dL/da): der Anteil, der durch die Gewichte zurückkommt  [-l1_error]
    slope1 = a1 > 0                                         # (N, 6)  Steigung der Aktivierung: wie stark sie auf z reagiert
    ds1 = error1 * slope1                                   # (N, 6)  Delta (dL/dz) = Fehler * Steigung
    dn1 = ds1 * gamma1                                      # (N, 6)  wie sich der Verlust mit diesem Wert ändert (Ableitung)
    delta1 = (dn1 - dn1.mean(axis=0) - n1 * (dn1 * n1).mean(axis=0)) / std1  # (N, 6)  wie sich der Verlust mit diesem Wert ändert (Ableitung)  [-l1_delta]
    dW1 = X.T @ delta1                                      # (5, 6)  Gradient der Gewichte: Eingabe * Delta, über alle Beispiele summiert
    dgamma1 = (ds1 * n1).sum(axis=0)                        # (6,)  Gradient: wie sich der Verlust mit diesem Parameter ändert
    dbeta1 = ds1.sum(axis=0)                                # (6,)  Gradient: wie sich der Verlust mit diesem Parameter ändert
    dW2 = a1.T @ delta2                                     # (6, 1)  Gradient der Gewichte: Eingabe * Delta, über alle Beispiele summiert
    db2 = delta2.sum(axis=0)                                # (1,)  Gradient des Bias: Delta, über alle Beispiele summiert

    # Aktualisierung
    vW1[...] = mu * vW1 + dW1
    W1 -= learning_rate * vW1                               # (5, 6)  jeder Parameter geht einen Schritt gegen seinen Gradienten  [syn0]
    vgamma1[...] = mu * vgamma1 + dgamma1
    gamma1 -= learning_rate * vgamma1                       # (6,)  jeder Parameter geht einen Schritt gegen seinen Gradienten
    vbeta1[...] = mu * vbeta1 + dbeta1
    beta1 -= learning_rate * vbeta1                         # (6,)  jeder Parameter geht einen Schritt gegen seinen Gradienten
    vW2[...] = mu * vW2 + dW2
    W2 -= learning_rate * vW2                               # (6, 1)  jeder Parameter geht einen Schritt gegen seinen Gradienten  [syn1]
    vb2[...] = mu * vb2 + db2
    b2 -= learning_rate * vb2                               # (1,)  jeder Parameter geht einen Schritt gegen seinen Gradienten
    running_mean1[...] = 0.9 * running_mean1 + 0.1 * mean1  # (6,)  gleitender Mittelwert über die Batches, für die Vorhersage
    running_variance1[...] = 0.9 * running_variance1 + 0.1 * variance1 * N / (N - 1)  # (6,)  gleitender Mittelwert über die Batches, für die Vorhersage

    return data_loss


def predict(X, parameters, state):
    """The output for the rows of X (N, 5)."""
    W1, gamma1, beta1, W2, b2 = parameters
    *_, running_mean1, running_variance1 = state
    z1 = X @ W1                               # (N, 6)  Netzeingabe: gewichtete Summe der Eingaben
    std1 = np.sqrt(running_variance1 + 1e-5)  # (6,)  Standardabweichung; ein kleines Epsilon verhindert Teilen durch 0
    n1 = (z1 - running_mean1) / std1          # (N, 6)  normalisiert: minus Mittelwert, geteilt durch Standardabweichung
    s1 = gamma1 * n1 + beta1                  # (N, 6)  skaliert und verschoben: gamma und beta werden gelernt
    a1 = relu(s1)                             # (N, 6)  Aktivierung: was jedes Neuron weitergibt  [l1]
    z2 = a1 @ W2 + b2                         # (N, 1)  Netzeingabe: gewichtete Summe der Eingaben
    p = sigmoid(z2)                           # (N, 1)  Ausgabe als Wahrscheinlichkeit, zwischen 0 und 1  [l2]
    return p
