"""What `train` does where nothing is said: rules by the number of training rows, found by experiment.

    hidden layers   64 relu units; 128-64 from 10,000 rows on
    penalty         L2 of strength 0.6 * inputs / rows, at most 6 / rows. It keeps a net of 64 units on 350 rows as
                    good as least squares; where there are many rows it fades by itself
    optimizer       Adam at rate 0.003, falling along half a cosine to 0 at the last step
    batches         32 rows, 128 from 10,000 rows on; all of them where there are fewer
    epochs          as many as make 3,000 steps, but at least 20

Mean over ten splits (seeds 0..9, a fifth held out): digits 0.976, breast cancer 0.979, diabetes R2 0.448 (least
squares 0.452). Half or twice the steps, rate, width or batch size moves these by less than 0.005, a second hidden layer
does not help on so few rows. Only the penalty matters: without enough of it diabetes falls to 0.37, with too much a
curved border between two classes in two columns is missed, hence the factor for the inputs. Early stopping is off:
the validation rows that it needs are worth more in training.
"""

from __future__ import annotations

from dataclasses import dataclass

MANY_ROWS = 10_000
STEPS, LEAST_EPOCHS = 3_000, 20
L2_PER_INPUT, MOST_INPUTS = 0.6, 10  # beyond so many inputs the penalty grows no more
RATES = {"gradient_descent": 0.1, "momentum": 0.02, "nesterov": 0.02, "rmsprop": 0.002, "adagrad": 0.03, "adam": 0.003,
         "adamw": 0.003}  # fmt: skip


@dataclass(frozen=True)
class Defaults:
    """The rules above, for a number of training rows and of inputs."""

    rows: int
    inputs: int

    @property
    def layers(self) -> tuple[int, ...]:
        return (64,) if self.rows < MANY_ROWS else (128, 64)

    @property
    def batch_size(self) -> int:
        return min(self.rows, 32 if self.rows < MANY_ROWS else 128)

    def epochs(self, batch_size: int) -> int:
        return max(LEAST_EPOCHS, -(-STEPS // steps_per_epoch(self.rows, batch_size)))

    def l2(self, batch_size: int, summed: bool) -> float:
        """The strength; beside a loss that is a sum over the batch, as many times as strong."""
        strength = L2_PER_INPUT * min(self.inputs, MOST_INPUTS) / self.rows
        return float(f"{strength * (batch_size if summed else 1):.3g}")


def rate_for(optimizer: str) -> float | None:
    """The learning rate of an optimizer of the book; None leaves it to its class."""
    return RATES.get(optimizer.partition(":")[0].strip().lower())


def schedule_settings(steps: int) -> dict[str, float]:
    """What the schedules need to know of the number of steps: cosine ends with them, step makes four stairs of them."""
    return {"steps": steps, "every": max(1, steps // 4), "factor": 0.5}


def steps_per_epoch(rows: int, batch_size: int) -> int:
    return -(-rows // max(1, batch_size))
