"""3-4-1 sigmoid; half squared error; gradient descent

Hergeleitet und geschrieben von chainrule; braucht NumPy.

Die Namen aus den Gründungstexten, neben unseren:
    l0 = X: die Eingabe
    syn0, syn1 = W1, W2: die Gewichte, dort Synapsen genannt
    l1, l2 = a1, a2: die Aktivierung der Schicht
    l1_error, l2_error = -error1, -error2: der Fehler, mit umgekehrtem Vorzeichen
    nonlin(l1, True), nonlin(l2, True) = slope1, slope2: die Steigung der Aktivierung
    l1_delta, l2_delta = -delta1, -delta2: Delta, mit umgekehrtem Vorzeichen
Die Gründungstexte nehmen als Fehler Ziel minus Ausgabe (y - a), wir nehmen dL/da = a - y. Darum
addieren sie zu den Gewichten, wo wir subtrahieren: Der Schritt ist derselbe.

parameters: W1 (3, 4) zufällig, W2 (4, 1) zufällig
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(X, y, parameters, learning_rate=1.0):
    """Ein Trainingsschritt mit X (N, 3) und y (N, 1), an Ort und Stelle.

    Gibt den Verlust davor zurück.
    """
    W1, W2 = parameters

    # vorwärts
    z1 = X @ W1       # (N, 4)  Voraktivierung: gewichtete Summe der Eingaben
    a1 = sigmoid(z1)  # (N, 4)  Aktivierung: was jedes Neuron weitergibt  [l1]
    z2 = a1 @ W2      # (N, 1)  Voraktivierung: gewichtete Summe der Eingaben
    a2 = sigmoid(z2)  # (N, 1)  Ausgabe: die Antwort des Netzes für jedes Beispiel  [l2]

    # Verlust
    data_loss = 0.5 * ((a2 - y)**2).sum()  # Verlust: eine Zahl dafür, wie weit die Ausgabe vom Ziel abweicht

    # rückwärts: Delta = Fehler * Steigung
    error2 = a2 - y         # (N, 1)  Fehler: wie weit die Ausgabe abweicht, mit Vorzeichen  [-l2_error]
    slope2 = a2 * (1 - a2)  # (N, 1)  Steigung der Aktivierung: wie stark sie auf z reagiert  [nonlin(l2, True)]
    # (N, 1)  Delta (dL/dz) = Fehler * Steigung  [-l2_delta]
    delta2 = error2 * slope2
    # (N, 4)  Fehler (dL/da): der Anteil am Fehler, zurück durch die Gewichte  [-l1_error]
    error1 = delta2 @ W2.T
    slope1 = a1 * (1 - a1)  # (N, 4)  Steigung der Aktivierung: wie stark sie auf z reagiert  [nonlin(l1, True)]
    # (N, 4)  Delta (dL/dz) = Fehler * Steigung  [-l1_delta]
    delta1 = error1 * slope1
    dW1 = X.T @ delta1      # (3, 4)  Gradient der Gewichte: Eingabe * Delta, über alle Beispiele summiert
    dW2 = a1.T @ delta2     # (4, 1)  Gradient der Gewichte: Eingabe * Delta, über alle Beispiele summiert

    # Aktualisierung
    W1 -= learning_rate * dW1  # (3, 4)  jeder Parameter geht einen Schritt gegen seinen Gradienten  [syn0]
    W2 -= learning_rate * dW2  # (4, 1)  jeder Parameter geht einen Schritt gegen seinen Gradienten  [syn1]

    return data_loss


def predict(X, parameters):
    """Die Ausgabe für die Zeilen von X (N, 3)."""
    W1, W2 = parameters
    z1 = X @ W1       # (N, 4)  Voraktivierung: gewichtete Summe der Eingaben
    a1 = sigmoid(z1)  # (N, 4)  Aktivierung: was jedes Neuron weitergibt  [l1]
    z2 = a1 @ W2      # (N, 1)  Voraktivierung: gewichtete Summe der Eingaben
    a2 = sigmoid(z2)  # (N, 1)  Ausgabe: die Antwort des Netzes für jedes Beispiel  [l2]
    return a2
