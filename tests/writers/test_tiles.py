"""The product of the tiled kernels against NumPy's, in all sizes at which it takes another way."""

import ctypes
import itertools

import numpy as np
import pytest

from chainrule.engines.compiler import library
from chainrule.writers.tiles import INLINE, TILES, TRANSPOSE

ROWS = (1, 2, 3, 6, 8, 11, 64, 127, 128)
COLUMNS = (1, 2, 3, 8, 10, 16, 17, 31, 32)
LARGE = [(130, 140, 20), (250, 70, 600), (122, 40, 20)]  # more columns or rows than are taken at a time
DEPTHS = (1, 2, 9, 16, 70, 130, 257)


@pytest.fixture(scope="module", params=["float", "double"])
def compiled(request):
    """`product` for one type, and that type."""
    real = request.param
    tiles = TILES.replace("@transpose", TRANSPOSE[real])
    arguments = "int rows, int columns, int depth, const real *a, long row, long along, const real *b, long down, "
    arguments += "long across, real *to, long apart"
    call = "product(rows, columns, depth, a, row, along, b, down, across, to, apart);"
    text = f"typedef {real} real;\n{INLINE}\n{tiles}\nvoid whole({arguments}) {{ {call} }}\n"
    return library(text).whole, real


@pytest.mark.parametrize("way", ["forward", "backward", "gradient", "wide gradient"])
def test_every_size(compiled, way):
    function, real = compiled
    dtype = np.dtype("float32" if real == "float" else "float64")
    random = np.random.RandomState(0)
    for rows, columns, depth in (*itertools.product(ROWS, COLUMNS, DEPTHS), *LARGE):
        a = random.uniform(-1, 1, (rows, depth)).astype(dtype)
        b = random.uniform(-1, 1, (depth, columns)).astype(dtype)
        room = 300 if way.startswith("wide") else 3  # columns beside those that are read
        stored_a = padded(a.T if "gradient" in way else a, room)
        stored_b = padded(b.T if way == "backward" else b, 0 if columns % 16 else 5)
        a_places = (1, stored_a.shape[1]) if "gradient" in way else (stored_a.shape[1], 1)
        b_places = (1, stored_b.shape[1]) if way == "backward" else (stored_b.shape[1], 1)
        found = np.full((rows + 1, columns + room % 4), np.nan, dtype)
        lengths = [ctypes.c_int(n) for n in (rows, columns, depth)]
        left, right = ([ctypes.c_long(n) for n in places] for places in (a_places, b_places))
        apart = ctypes.c_long(found.shape[1])
        function(*lengths, address(stored_a), *left, address(stored_b), *right, address(found), apart)
        expected = a.astype(np.float64) @ b.astype(np.float64)
        bound = 4 * np.finfo(dtype).eps * (1 + np.abs(a).astype(np.float64) @ np.abs(b).astype(np.float64))
        assert (np.abs(found[:rows, :columns] - expected) <= bound).all(), (rows, columns, depth)
        assert np.isnan(np.append(found[rows:], found[:, columns:].T.ravel())).all(), (rows, columns, depth)


def padded(array, more):
    """The same with NaN beside it, which no product may touch."""
    wide = np.full((array.shape[0], array.shape[1] + more), np.nan, array.dtype)
    wide[:, : array.shape[1]] = array
    return wide


def address(array):
    return ctypes.c_void_p(array.ctypes.data)
