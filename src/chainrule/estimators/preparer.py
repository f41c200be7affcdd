"""The preparation of a table as a scikit-learn transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from ..data import Table, as_table
from ..data.features import CategoricalFeature, Feature, NumericFeature
from ..data.frame import mixed
from ..data.prepare import check_scaled
from ..data.roles import checked_role

if TYPE_CHECKING:
    from numpy.typing import NDArray


class TablePreparer(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """What `chainrule train` does to a table, for any pipeline: numbers standardised, categories one-hot encoded.

        make_pipeline(cr.TablePreparer(), cr.MLPClassifier()).fit(frame, labels)

    A column of numbers is (value - mean) / deviation, constant ones 0; a missing cell becomes the median, and where the
    training rows have missing ones too, a further column says which they were. A column of texts becomes a column of
    zeros and ones for each category, a missing cell being one; a category that the training rows have not becomes
    zeros. Dates, identifiers with more than 1,000 texts, and numbers spelled as 1_000 or 1,5 are refused by name.

    Rows are a data frame (pandas, polars, PyArrow) or a two-dimensional array. Columns of a frame are checked as
    scikit-learn does it: the same names in the same order.

    After `fit`
        features_           what was learned of each column
        n_features_in_      and, of a frame, feature_names_in_
    """

    def fit(self, X: Any, y: Any = None) -> TablePreparer:
        """Medians, means, deviations and categories of the rows X (N, columns); y is not looked at.

        Raises
            ValueError: no rows, an infinite number, a column of dates or with nothing in it, a cell of another type.
        """
        table = self._table(X, reset=True)
        features: list[Feature] = []
        for column in table.columns:
            kind = NumericFeature if checked_role(table, column) == "numeric" else CategoricalFeature
            features.append(kind.fit(table, column))
        self.features_ = tuple(features)
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        """(N, D), float64.

        Raises
            ValueError: other columns than those of `fit`, a cell of a column of numbers that is none.
        """
        check_is_fitted(self)
        table = self._table(X, reset=False)
        widths = [len(feature.names) for feature in self.features_]
        made = np.zeros((len(table), sum(widths)))
        for feature, end, width in zip(self.features_, np.cumsum(widths), widths, strict=True):
            feature.write(table, made[:, end - width : end])
            check_scaled(table, feature.name, made[:, end - width : end])
        return made

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The names of the D columns: `age`, `age is missing`, `color=red`; no two the same."""
        check_is_fitted(self)
        found: list[str] = []
        taken: set[str] = set()
        names = _check_feature_names_in(self, input_features)
        for name, feature in zip(names, self.features_, strict=True):
            if isinstance(feature, CategoricalFeature):
                own = [f"{name}={text}" if text else f"{name} is missing" for text in feature.categories]
            else:
                own = [str(name), f"{name} is missing"][: len(feature.names)]
            for text in own:
                free, number = text, 2
                while free in taken:
                    free, number = f"{text} ({number})", number + 1
                taken.add(free)
                found.append(free)
        return np.array(found, dtype=object)

    def _table(self, X: Any, reset: bool) -> Table:
        """The rows as a table; what scikit-learn has to say against them is said in its words."""
        if hasattr(X, "__dataframe__") or hasattr(X, "columns"):
            validate_data(self, X, reset=reset, skip_check_array=True)
            return as_table(X, "X")
        values = validate_data(self, X, reset=reset, dtype=None, ensure_all_finite="allow-nan")
        columns: dict[str, Any] = {}
        for i in range(values.shape[1]):
            cells = values[:, i]
            if values.dtype.kind in "OUS":
                cells = mixed(cells.tolist(), f"x{i}", "X")
            columns[f"x{i}"] = cells
        return Table.from_columns(columns, "X")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags
