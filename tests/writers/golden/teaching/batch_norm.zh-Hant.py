"""5-6-1 relu, sigmoid, batch norm; binary cross entropy; momentum

由 chainrule 推導並寫成，需要 NumPy。

奠基文章中的名稱與本程式名稱的對照：
    l0 = X：輸入
    syn0, syn1 = W1, W2：權重，文章中稱為突觸
    l1, l2 = a1, p：該層的活化值
    l1_error = -error1：誤差，符號相反
    l1_delta, l2_delta = -delta1, -delta2：delta，符號相反
奠基文章把誤差取為目標減輸出（y - a），這裡取 dL/da = a - y。
因此文章對權重做加法，這裡做減法，走的是同一步。

parameters: W1 (5, 6) 隨機數, gamma1 (6,) 全為 1, beta1 (6,) 全為 0, W2 (6, 1) 隨機數, b2 (1,) 全為 0
state: vW1 到 vb2 全為 0，形狀同各自的參數, running_mean1 (6,) 全為 0, running_variance1 (6,) 全為 1
"""

import numpy as np


def relu(z):
    return np.maximum(z, 0)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(X, y, parameters, state, learning_rate=0.1, mu=0.9):
    """用 X (N, 5) 和 y (N, 1) 就地訓練一步；傳回這一步之前的損失。"""
    W1, gamma1, beta1, W2, b2 = parameters
    vW1, vgamma1, vbeta1, vW2, vb2, running_mean1, running_variance1 = state
    N = len(X)

    # 前向傳播
    z1 = X @ W1                       # (N, 6)  預活化值：輸入的加權和
    mean1 = z1.mean(axis=0)           # (6,)  每一欄在這個批次上的平均值
    variance1 = z1.var(axis=0)        # (6,)  每一欄在這個批次上的變異數
    std1 = np.sqrt(variance1 + 1e-5)  # (6,)  標準差；加上很小的 epsilon，以免除以 0
    n1 = (z1 - mean1) / std1          # (N, 6)  正規化：減去平均值，再除以標準差
    s1 = gamma1 * n1 + beta1          # (N, 6)  縮放並平移：gamma 和 beta 由訓練得到
    a1 = relu(s1)                     # (N, 6)  活化值：每個神經元傳出的訊號  [l1]
    z2 = a1 @ W2 + b2                 # (N, 1)  預活化值：輸入的加權和
    p = sigmoid(z2)                   # (N, 1)  以機率表示的輸出，介於 0 和 1 之間  [l2]

    # 損失
    data_loss = (np.logaddexp(0, z2) - y * z2).mean()  # 損失：用一個數衡量輸出與目標相差多少

    # 反向傳播：delta = 誤差 * 斜率
    # (N, 1)  delta（dL/dz）：斜率被損失抵消，剩下輸出 - 目標; 相除，因為損失取平均  [-l2_delta]
    delta2 = (p - y) / N
    error1 = delta2 @ W2.T            # (N, 6)  誤差（dL/da）：經由權重傳回的那份責任  [-l1_error]
    slope1 = a1 > 0                   # (N, 6)  活化函數的斜率：對 z 的變化有多敏感
    ds1 = error1 * slope1             # (N, 6)  dL/ds = 誤差 * 斜率
    dn1 = ds1 * gamma1                # (N, 6)  dL/dn：經由縮放係數 gamma 傳回
    # (N, 6)  delta（dL/dz）：經由正規化傳回  [-l1_delta]
    delta1 = (dn1 - dn1.mean(axis=0) - n1 * (dn1 * n1).mean(axis=0)) / std1
    dW1 = X.T @ delta1                # (5, 6)  權重的梯度：輸入 * delta，對所有樣本求和
    dgamma1 = (ds1 * n1).sum(axis=0)  # (6,)  梯度：損失隨這個參數如何變化
    dbeta1 = ds1.sum(axis=0)          # (6,)  梯度：損失隨這個參數如何變化
    dW2 = a1.T @ delta2               # (6, 1)  權重的梯度：輸入 * delta，對所有樣本求和
    db2 = delta2.sum(axis=0)          # (1,)  偏置的梯度：delta，對所有樣本求和

    # 參數更新
    # 對每個參數 w 及其梯度 dw 都一樣
    for w, dw, v in (
        (W1, dW1, vW1),
        (gamma1, dgamma1, vgamma1),
        (beta1, dbeta1, vbeta1),
        (W2, dW2, vW2),
        (b2, db2, vb2),
    ):
        v[...] = mu * v + dw                                # 速度：舊速度乘以 mu，加上梯度
        w -= learning_rate * v                              # 每個參數沿速度的反方向走一步
    running_mean1[...] = 0.9 * running_mean1 + 0.1 * mean1  # (6,)  各批次的移動平均，預測時使用
    # (6,)  各批次的移動平均，預測時使用
    running_variance1[...] = 0.9 * running_variance1 + 0.1 * variance1 * N / (N - 1)

    return data_loss


def predict(X, parameters, state):
    """X (N, 5) 各列的輸出。"""
    W1, gamma1, beta1, W2, b2 = parameters
    *_, running_mean1, running_variance1 = state
    z1 = X @ W1                               # (N, 6)  預活化值：輸入的加權和
    std1 = np.sqrt(running_variance1 + 1e-5)  # (6,)  標準差；加上很小的 epsilon，以免除以 0
    n1 = (z1 - running_mean1) / std1          # (N, 6)  正規化：減去平均值，再除以標準差
    s1 = gamma1 * n1 + beta1                  # (N, 6)  縮放並平移：gamma 和 beta 由訓練得到
    a1 = relu(s1)                             # (N, 6)  活化值：每個神經元傳出的訊號  [l1]
    z2 = a1 @ W2 + b2                         # (N, 1)  預活化值：輸入的加權和
    p = sigmoid(z2)                           # (N, 1)  以機率表示的輸出，介於 0 和 1 之間  [l2]
    return p
