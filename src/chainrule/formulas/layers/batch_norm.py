"""BatchNorm: standardise every column over the batch, then scale and shift it."""

from __future__ import annotations

from dataclasses import dataclass

from ...program.builder import Builder
from ...program.expr import Name, call
from ...program.text import rule
from .layer import Layer

EPSILON = 1e-5
MEAN = "0.9 * running + 0.1 * batch"
VARIANCE = "0.9 * running + 0.1 * batch * N / (N - 1)"  # unbiased, as PyTorch keeps it


@dataclass(frozen=True)
class BatchNorm(Layer):
    """s = gamma * (x - mean) / std + beta, with std = sqrt(variance + 1e-5).

    In training mean and (biased) variance are those of the batch, of at least two rows; in prediction the running ones,
    which start at 0 and 1 and move a tenth of the way at every step.

    Shapes
        x, s (N, M)     mean, variance, std, gamma, beta (M,)
    Source
        Ioffe & Szegedy, ICML (2015), 448-456, algorithms 1 and 2.
    """

    @property
    def extras(self) -> tuple[str, ...]:
        return ("batch norm",)

    def forward(self, build: Builder, x: Name) -> Name:
        if build.training:
            mean = build.step("mean", x.mean(axis=0), "mean", differentiable=False)
            variance = build.step("variance", call("variance", x, axis=0), "variance", differentiable=False)
            build.running("mean", mean, 0.0, MEAN)
            build.running("variance", variance, 1.0, VARIANCE)
        else:
            mean = build.running("mean", Name("mean", x.shape[1:]), 0.0, MEAN)
            variance = build.running("variance", Name("variance", x.shape[1:]), 1.0, VARIANCE)
        std = build.step(
            "std", rule("sqrt(v + epsilon)", v=variance, epsilon=EPSILON), "standard_deviation", differentiable=False
        )
        n = build.step("n", call("normalize", x, mean, std), "normalized")
        gamma = build.parameter("gamma", x.shape[1:], start=1.0)
        beta = build.parameter("beta", x.shape[1:])
        return build.step("s", gamma * n + beta, "scaled")
