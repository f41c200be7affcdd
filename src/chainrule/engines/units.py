"""A module in two translation units: its products are the same text in every program, and are compiled once.

They take as long to compile as all the rest. The functions between two marks of the source are compiled apart, with
nothing changed but that `product` can be called from outside; the cache keeps what came of it. Their vectors are
written out: the compiler is not asked to look for others, which takes a fifth of its time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..writers.tiles import END_OF_PRODUCTS, PRODUCTS, VECTORS
from .compiler import Compiler, compile_to, keep, taken_from

OBJECT = ("-c", "-fPIC")
AS_WRITTEN = ("-fno-tree-vectorize",)
OUTSIDE = '__attribute__((visibility("hidden"))) '
HEAD = re.compile(r"^static __attribute__\(\(noinline\)\) (void product\([^;{]*\)) \{", re.MULTILINE)


def split(source: str) -> tuple[str, str]:
    """What is of this program, and its products; all of it and nothing where there are none."""
    marks = [source.find(mark) for mark in (VECTORS, PRODUCTS, END_OF_PRODUCTS)]
    real = re.search(r"^typedef (?:float|double) \w*real;", source, re.MULTILINE)
    inline = re.search(r"^#define INLINE .*", source, re.MULTILINE)
    if min(marks) < 0 or real is None or inline is None:
        return source, ""
    vectors, products, end = marks
    text = source[products:end]
    heads = HEAD.findall(text)
    if len(heads) != 1:
        return source, ""
    own_real = re.sub(r"\w*real;", "real;", real[0])
    apart = "\n".join([own_real, inline[0], source[vectors:products], HEAD.sub(rf"{OUTSIDE}\1 {{", text)])
    return f"{source[:products]}{OUTSIDE}{heads[0]};\n{source[end:]}", apart


def compile_units(
    compiler: Compiler, source: str, flags: tuple[str, ...], made: Path, place_of: Callable[[str], Path | None]
) -> None:
    """Compile a module into a shared library.

    place_of    from a source to where the cache keeps what came of it; None where there is no cache

    Raises
        CompilerError: as `compile_to`.
    """
    own, products = split(source)
    if not products:
        compile_to(compiler, source, flags, made)
        return
    kept, apart = place_of(products), made.with_name("products.o")
    if kept is not None and taken_from(kept, apart):
        compile_to(compiler, own, flags, made, linked=(apart,))
        return
    rest = made.with_name("own.o")
    with ThreadPoolExecutor(1) as pool:  # side by side
        compiling = pool.submit(compile_to, compiler, products, (*flags, *AS_WRITTEN), apart, kind=OBJECT)
        compile_to(compiler, own, flags, rest, kind=OBJECT)
        compiling.result()
    compile_to(compiler, "", flags, made, linked=(rest, apart))
    if kept is not None:
        keep(apart, kept)
