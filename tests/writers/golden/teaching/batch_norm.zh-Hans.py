"""5-6-1 relu, sigmoid, batch norm; binary cross entropy; momentum

由 chainrule 推导并写成，需要 NumPy。

奠基文章中的名称与本程序名称的对照：
    l0 = X：输入
    syn0, syn1 = W1, W2：权重，文章中称为突触
    l1, l2 = a1, p：该层的激活值
    l1_error = -error1：误差，符号相反
    l1_delta, l2_delta = -delta1, -delta2：delta，符号相反
奠基文章把误差取为目标减输出（y - a），这里取 dL/da = a - y。
因此文章给权重做加法，这里做减法，走的是同一步。

parameters: W1 (5, 6) 随机数, gamma1 (6,) 全 1, beta1 (6,) 全 0, W2 (6, 1) 随机数, b2 (1,) 全 0
state: vW1 至 vb2 全 0，形状同各自的参数, running_mean1 (6,) 全 0, running_variance1 (6,) 全 1
"""

import numpy as np


def relu(z):
    return np.maximum(z, 0)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(X, y, parameters, state, learning_rate=0.1, mu=0.9):
    """用 X (N, 5) 和 y (N, 1) 就地训练一步；返回这一步之前的损失。"""
    W1, gamma1, beta1, W2, b2 = parameters
    vW1, vgamma1, vbeta1, vW2, vb2, running_mean1, running_variance1 = state
    N = len(X)

    # 前向传播
    z1 = X @ W1                       # (N, 6)  预激活值：输入的加权和
    mean1 = z1.mean(axis=0)           # (6,)  每一列在这个批次上的均值
    variance1 = z1.var(axis=0)        # (6,)  每一列在这个批次上的方差
    std1 = np.sqrt(variance1 + 1e-5)  # (6,)  标准差；加上很小的 epsilon，以免除以 0
    n1 = (z1 - mean1) / std1          # (N, 6)  归一化：减去均值，再除以标准差
    s1 = gamma1 * n1 + beta1          # (N, 6)  缩放并平移：gamma 和 beta 由训练得到
    a1 = relu(s1)                     # (N, 6)  激活值：每个神经元传出的信号  [l1]
    z2 = a1 @ W2 + b2                 # (N, 1)  预激活值：输入的加权和
    p = sigmoid(z2)                   # (N, 1)  以概率表示的输出，介于 0 和 1 之间  [l2]

    # 损失
    data_loss = (np.logaddexp(0, z2) - y * z2).mean()  # 损失：用一个数衡量输出与目标相差多少

    # 反向传播：delta = 误差 * 斜率
    # (N, 1)  delta（dL/dz）：斜率被损失抵消，剩下输出 - 目标; 相除，因为损失取平均  [-l2_delta]
    delta2 = (p - y) / N
    error1 = delta2 @ W2.T            # (N, 6)  误差（dL/da）：经由权重传回的那份责任  [-l1_error]
    slope1 = a1 > 0                   # (N, 6)  激活函数的斜率：对 z 的变化有多敏感
    ds1 = error1 * slope1             # (N, 6)  dL/ds = 误差 * 斜率
    dn1 = ds1 * gamma1                # (N, 6)  dL/dn：经由缩放系数 gamma 传回
    # (N, 6)  delta（dL/dz）：经由归一化传回  [-l1_delta]
    delta1 = (dn1 - dn1.mean(axis=0) - n1 * (dn1 * n1).mean(axis=0)) / std1
    dW1 = X.T @ delta1                # (5, 6)  权重的梯度：输入 * delta，对所有样本求和
    dgamma1 = (ds1 * n1).sum(axis=0)  # (6,)  梯度：损失随这个参数如何变化
    dbeta1 = ds1.sum(axis=0)          # (6,)  梯度：损失随这个参数如何变化
    dW2 = a1.T @ delta2               # (6, 1)  权重的梯度：输入 * delta，对所有样本求和
    db2 = delta2.sum(axis=0)          # (1,)  偏置的梯度：delta，对所有样本求和

    # 参数更新
    # 对每个参数 w 及其梯度 dw 都一样
    for w, dw, v in (
        (W1, dW1, vW1),
        (gamma1, dgamma1, vgamma1),
        (beta1, dbeta1, vbeta1),
        (W2, dW2, vW2),
        (b2, db2, vb2),
    ):
        v[...] = mu * v + dw                                # 速度：旧速度乘以 mu，加上梯度
        w -= learning_rate * v                              # 每个参数沿速度的反方向走一步
    running_mean1[...] = 0.9 * running_mean1 + 0.1 * mean1  # (6,)  各批次的滑动平均，预测时使用
    # (6,)  各批次的滑动平均，预测时使用
    running_variance1[...] = 0.9 * running_variance1 + 0.1 * variance1 * N / (N - 1)

    return data_loss


def predict(X, parameters, state):
    """X (N, 5) 各行的输出。"""
    W1, gamma1, beta1, W2, b2 = parameters
    *_, running_mean1, running_variance1 = state
    z1 = X @ W1                               # (N, 6)  预激活值：输入的加权和
    std1 = np.sqrt(running_variance1 + 1e-5)  # (6,)  标准差；加上很小的 epsilon，以免除以 0
    n1 = (z1 - running_mean1) / std1          # (N, 6)  归一化：减去均值，再除以标准差
    s1 = gamma1 * n1 + beta1                  # (N, 6)  缩放并平移：gamma 和 beta 由训练得到
    a1 = relu(s1)                             # (N, 6)  激活值：每个神经元传出的信号  [l1]
    z2 = a1 @ W2 + b2                         # (N, 1)  预激活值：输入的加权和
    p = sigmoid(z2)                           # (N, 1)  以概率表示的输出，介于 0 和 1 之间  [l2]
    return p
