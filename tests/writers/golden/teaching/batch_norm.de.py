"""5-6-1 relu, sigmoid, batch norm; binary cross entropy; momentum

Hergeleitet und geschrieben von chainrule; braucht NumPy.

Die Namen aus den Gründungstexten, neben unseren:
    l0 = X: die Eingabe
    syn0, syn1 = W1, W2: die Gewichte, dort Synapsen genannt
    l1, l2 = a1, p: die Aktivierung der Schicht
    l1_error = -error1: der Fehler, mit umgekehrtem Vorzeichen
    l1_delta, l2_delta = -delta1, -delta2: Delta, mit umgekehrtem Vorzeichen
Die Gründungstexte nehmen als Fehler Ziel minus Ausgabe (y - a), wir nehmen dL/da = a - y. Darum
addieren sie zu den Gewichten, wo wir subtrahieren: Der Schritt ist derselbe.

parameters: W1 (5, 6) zufällig, gamma1 (6,) Einsen, beta1 (6,) Nullen, W2 (6, 1) zufällig,
    b2 (1,) Nullen
state: vW1 bis vb2 Nullen in der Form ihrer Parameter, running_mean1 (6,) Nullen,
    running_variance1 (6,) Einsen
"""

import numpy as np


def relu(z):
    return np.maximum(z, 0)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(X, y, parameters, state, learning_rate=0.1, mu=0.9):
    """Ein Trainingsschritt mit X (N, 5) und y (N, 1), an Ort und Stelle.

    Gibt den Verlust davor zurück.
    """
    W1, gamma1, beta1, W2, b2 = parameters
    vW1, vgamma1, vbeta1, vW2, vb2, running_mean1, running_variance1 = state
    N = len(X)

    # vorwärts
    z1 = X @ W1                       # (N, 6)  Voraktivierung: gewichtete Summe der Eingaben
    mean1 = z1.mean(axis=0)           # (6,)  Mittelwert jeder Spalte über den Batch
    variance1 = z1.var(axis=0)        # (6,)  Varianz jeder Spalte über den Batch
    std1 = np.sqrt(variance1 + 1e-5)  # (6,)  Standardabweichung; ein kleines Epsilon verhindert Teilen durch 0
    n1 = (z1 - mean1) / std1          # (N, 6)  normalisiert: minus Mittelwert, geteilt durch Standardabweichung
    s1 = gamma1 * n1 + beta1          # (N, 6)  skaliert und verschoben: gamma und beta werden gelernt
    a1 = relu(s1)                     # (N, 6)  Aktivierung: was jedes Neuron weitergibt  [l1]
    z2 = a1 @ W2 + b2                 # (N, 1)  Voraktivierung: gewichtete Summe der Eingaben
    p = sigmoid(z2)                   # (N, 1)  Ausgabe als Wahrscheinlichkeit, zwischen 0 und 1  [l2]

    # Verlust
    # Verlust: eine Zahl dafür, wie weit die Ausgabe vom Ziel abweicht
    data_loss = (np.logaddexp(0, z2) - y * z2).mean()

    # rückwärts: Delta = Fehler * Steigung
    # (N, 1)  Delta (dL/dz): die Steigung kürzt sich weg: Ausgabe - Ziel; geteilt, weil der Verlust ein
    # Mittelwert ist  [-l2_delta]
    delta2 = (p - y) / N
    # (N, 6)  Fehler (dL/da): der Anteil am Fehler, zurück durch die Gewichte  [-l1_error]
    error1 = delta2 @ W2.T
    slope1 = a1 > 0           # (N, 6)  Steigung der Aktivierung: wie stark sie auf z reagiert
    ds1 = error1 * slope1     # (N, 6)  dL/ds = Fehler * Steigung
    dn1 = ds1 * gamma1        # (N, 6)  dL/dn: zurück durch die Skalierung gamma
    # (N, 6)  Delta (dL/dz): zurück durch die Normalisierung  [-l1_delta]
    delta1 = (dn1 - dn1.mean(axis=0) - n1 * (dn1 * n1).mean(axis=0)) / std1
    dW1 = X.T @ delta1        # (5, 6)  Gradient der Gewichte: Eingabe * Delta, über alle Beispiele summiert
    # (6,)  Gradient: wie sich der Verlust mit diesem Parameter ändert
    dgamma1 = (ds1 * n1).sum(axis=0)
    dbeta1 = ds1.sum(axis=0)  # (6,)  Gradient: wie sich der Verlust mit diesem Parameter ändert
    dW2 = a1.T @ delta2       # (6, 1)  Gradient der Gewichte: Eingabe * Delta, über alle Beispiele summiert
    db2 = delta2.sum(axis=0)  # (1,)  Gradient des Bias: Delta, über alle Beispiele summiert

    # Aktualisierung
    # dasselbe für jeden Parameter w, mit seinem Gradienten dw
    for w, dw, v in (
        (W1, dW1, vW1),
        (gamma1, dgamma1, vgamma1),
        (beta1, dbeta1, vbeta1),
        (W2, dW2, vW2),
        (b2, db2, vb2),
    ):
        v[...] = mu * v + dw    # Geschwindigkeit: die alte mal mu, plus Gradient
        w -= learning_rate * v  # jeder Parameter geht einen Schritt gegen seine Geschwindigkeit
    # (6,)  gleitender Mittelwert über die Batches, für die Vorhersage
    running_mean1[...] = 0.9 * running_mean1 + 0.1 * mean1
    # (6,)  gleitender Mittelwert über die Batches, für die Vorhersage
    running_variance1[...] = 0.9 * running_variance1 + 0.1 * variance1 * N / (N - 1)

    return data_loss


def predict(X, parameters, state):
    """Die Ausgabe für die Zeilen von X (N, 5)."""
    W1, gamma1, beta1, W2, b2 = parameters
    *_, running_mean1, running_variance1 = state
    z1 = X @ W1                       # (N, 6)  Voraktivierung: gewichtete Summe der Eingaben
    # (6,)  Standardabweichung; ein kleines Epsilon verhindert Teilen durch 0
    std1 = np.sqrt(running_variance1 + 1e-5)
    n1 = (z1 - running_mean1) / std1  # (N, 6)  normalisiert: minus Mittelwert, geteilt durch Standardabweichung
    s1 = gamma1 * n1 + beta1          # (N, 6)  skaliert und verschoben: gamma und beta werden gelernt
    a1 = relu(s1)                     # (N, 6)  Aktivierung: was jedes Neuron weitergibt  [l1]
    z2 = a1 @ W2 + b2                 # (N, 1)  Voraktivierung: gewichtete Summe der Eingaben
    p = sigmoid(z2)                   # (N, 1)  Ausgabe als Wahrscheinlichkeit, zwischen 0 und 1  [l2]
    return p
