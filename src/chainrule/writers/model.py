"""What a stand-alone predictor needs beyond the Program: the columns, the weights, what the outputs mean. Plain data.

Names, categories and labels are a stranger's texts: writers keep them as quoted data, never as names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Cell = str | float | None


@dataclass(frozen=True)
class NumberColumn:
    """A number: (value - mean) / deviation, or 0 where the deviation is 0; a missing one is the median, or where
    there is none refused (in C and ONNX, NaN).

    indicated   whether a second column of X says with 1 that the cell was missing
    """

    name: str
    mean: float
    deviation: float
    median: float | None
    indicated: bool = False

    @property
    def width(self) -> int:
        return 1 + self.indicated


@dataclass(frozen=True)
class CategoryColumn:
    """A text without the blanks around it: a column of X for each category; all 0 for a text that is none of them."""

    name: str
    categories: Sequence[str]

    @property
    def width(self) -> int:
        return len(self.categories)


@dataclass(frozen=True)
class Expected:
    """Rows of cells, column by column, and the outputs that the network must give for them.

    tolerance   |found - expected| <= tolerance * (1 + |expected|)
    """

    rows: Sequence[Sequence[Cell]]
    outputs: Sequence[Sequence[float]]
    tolerance: float


@dataclass(frozen=True)
class TrainedModel:
    """A trained network and the table that it was trained on.

    columns         from a row of the table to a row of X, in order
    target          what is predicted
    classes         the labels; none in a regression. One output of two classes is the probability of the second
    kind            "probability" where outputs are such, else "output"
    mean, deviation of a number that was standardised: the answer is output * deviation + mean
    weights         name -> nested values of the parameters, and of the running statistics
    dtype           float32 or float64
    expected        what a predictor can test itself with
    """

    columns: Sequence[NumberColumn | CategoryColumn]
    target: str
    classes: Sequence[str]
    kind: str
    mean: float
    deviation: float
    weights: Mapping[str, object]
    dtype: str
    expected: Expected = field(default_factory=lambda: Expected((), (), 0.0))

    @property
    def answers(self) -> list[str]:
        """The names of the columns that a prediction has."""
        return ["prediction", *(f"{self.kind}_{label}" for label in self.classes)]

    @property
    def may_refuse_missing(self) -> bool:
        """Whether there is a column in which no cell may miss."""
        return any(isinstance(column, NumberColumn) and column.median is None for column in self.columns)

    @property
    def is_scaled(self) -> bool:
        return (self.mean, self.deviation) != (0.0, 1.0)

    @property
    def inputs(self) -> int:
        """The columns of X."""
        return sum(column.width for column in self.columns)

    @property
    def texts(self) -> list[str]:
        """All texts of strangers."""
        listed = [column.categories for column in self.columns if isinstance(column, CategoryColumn)]
        categories = [text for texts in listed for text in texts]
        return [*(column.name for column in self.columns), *categories, *self.classes, self.target]
