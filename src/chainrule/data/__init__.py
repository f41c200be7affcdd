"""Tables in, arrays out: strict reading of CSV, the roles of columns, a preparation fitted on the training rows only, a
stratified split, and the checks for arrays handed to training. Knows nothing of networks and imports no other room.
What it refuses is a `DataError`, or for arrays a `ValueError`, which says what, where and what to do."""

from .arrays import (
    check_distributions,
    check_features,
    check_not_negative,
    check_row_weights,
    check_target,
    check_unit_interval,
    one_hot,
)
from .column import Column
from .csv_file import read_csv
from .dialect import Dialect
from .errors import DataError
from .frame import as_table
from .opening import digest_of_file, open_regular, read_regular
from .parquet_file import read_parquet
from .prepare import Preparation
from .quoting import listed, printable, quoted, shown_path
from .reading import read_table
from .roles import Remark, Role, Roles, Task, find_roles, role_of
from .split import folds, split
from .stream import TableStream, is_large
from .survey import Shares, Survey, survey
from .table import Table

__all__ = [
    "Column",
    "DataError",
    "Dialect",
    "Preparation",
    "Remark",
    "Role",
    "Roles",
    "Shares",
    "Survey",
    "Table",
    "TableStream",
    "Task",
    "as_table",
    "check_distributions",
    "check_features",
    "check_not_negative",
    "check_row_weights",
    "check_target",
    "check_unit_interval",
    "digest_of_file",
    "find_roles",
    "folds",
    "is_large",
    "listed",
    "one_hot",
    "open_regular",
    "printable",
    "quoted",
    "read_csv",
    "read_parquet",
    "read_regular",
    "read_table",
    "role_of",
    "shown_path",
    "split",
    "survey",
]
