"""Emitted C of every network: compiler x build x number type x kernels.

`make test` takes as few combinations of these as it needs for all pairs of them to meet, and shares out the networks,
each to one; `make test-all` everything. The networks of a combination are compiled as one unit.
"""

import itertools
import subprocess

import numpy as np
import pytest

from chainrule.program.steps import Step
from chainrule.writers import KERNELS, writer
from tests.writers.agreement import TOLERANCE, assert_agree, reference_steps, reference_trace
from tests.writers.compiled import FUNCTIONS as LOOKED_AT
from tests.writers.compiled import SHARED, Compiled, compile_c, flags_for, together
from tests.writers.product import ALL, covering, pairs, shared_out
from tests.zoo import ZOO, sample

WAYS = {
    "compiler": ("gcc", "clang"),
    "build": ("-O2", "-O3", "sanitizers"),
    "real": ("double", "float"),
    "kernels": tuple(name for name in KERNELS["c"] if ALL or name != "threads"),  # tests/engines/test_threads.py
}
SANITIZE = ("-O0", "-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all")
LOOSE = {"double": TOLERANCE, "float": 2e-4}
FUNCTIONS = (*LOOKED_AT, "train")
CASES = shared_out(list(ZOO), WAYS)


@pytest.mark.parametrize(("compiler", "build", "real", "kernels"), CASES)
def test_emitted_c(compiler, build, real, kernels, tmp_path):
    subjects = {f"{name}_": ZOO[name]() for name in CASES[compiler, build, real, kernels]}
    if build == "sanitizers":
        source = together({p: driver(program, real, kernels, p) for p, program in subjects.items()})
        runs_clean(source, subjects, compiler, kernels, tmp_path)
        return
    given = {"real": real, "kernels": kernels}
    modules = {p: writer("c", kernels)(of, real=real, prefix=p).module(LOOKED_AT) for p, of in subjects.items()}
    strict = flags_for(kernels)
    library = compile_c(together(modules), tmp_path, *SHARED, build, compiler=compiler, strict=strict)
    for prefix, program in subjects.items():
        agrees_with_the_reference(program, Compiled(program, library=library, prefix=prefix, **given), real)


def agrees_with_the_reference(program, compiled, real):
    given = sample(program)
    expected = reference_trace(program, given)
    found = compiled.trace(given)
    named = [step.name for step in program.full.steps if isinstance(step, Step)]
    assert set(named) <= set(found)
    shaped = {name: found[name].reshape(np.shape(expected[name])) for name in named}
    assert_agree(program.full, shaped, expected, LOOSE[real])
    losses, after = compiled.steps(given, 3)
    wanted, reference = reference_steps(program, given, 3)
    np.testing.assert_allclose(losses, wanted, rtol=LOOSE[real])
    assert_agree(program, after, reference, LOOSE[real] if real == "double" else 1e-3)


DRIVER = """
int {prefix}main(void);
int {prefix}main(void) {{
    {declared}
    double total = 0.0;
    {filled}
    const long long offsets[] = {{2, 3, 7, 9}}, rows[] = {{9, 9, 3, 0, 2, 1, 3, 3, 2}};
    for (int t = 1; t <= 3; t++)
        total += (double){prefix}step({step});
    {prefix}predict({predict});
    total += (double){prefix}evaluate({evaluate}) + (double){prefix}trace({trace});
    {prefix}train({train});
    total += losses[0] + losses[1] + losses[2];
    {freed}
    return total == total ? 0 : 1;
}}
"""

NOISE = """
#include <stdlib.h>
static double noise(int i) { return 0.5 + 0.4 * sin(1.7 * i); }
"""


def driver(program, real, kernels, prefix):
    """The module, and a function that runs all of it on made-up numbers, each array of just its size."""
    written_by = writer("c", kernels)(program, real=real, rows=4, prefix=prefix)
    written = written_by.written(FUNCTIONS)
    text = written_by.module(FUNCTIONS)
    declared = {"double *losses": "malloc(3 * sizeof(double))"}
    filled, calls = [], {}
    columns = {name: int(shape[1]) for name, shape in program.inputs.items()}
    masks = {mask.name for mask in program.masks}
    for function in written:
        given = []
        for name in written_by.arguments(function):
            if name in ("t", "N", "steps", "offsets", "rows", "losses", "threads"):
                given.append({"N": "4", "t": "1", "steps": "3", "threads": "3"}.get(name, name))
                continue
            if name in written_by.structs:
                kind = written_by.struct_of(function.name) if name == "s" else written_by.structs[name]
                struct = f"struct {prefix}{kind}"
                if f"{struct} {{" not in text:
                    given.append("0")
                    continue
                variable, size, pointer = f"the_{kind}", f"sizeof({struct})", f"{struct} *the_{kind}"
            else:
                rows, wide = 9 if name in masks else 4, columns.get(name, columns["y"])
                if name == "batch":
                    wide = sum(columns[other] for other in columns if other not in masks)
                variable, size, pointer = f"given_{name}", f"{rows * wide} * sizeof(real)", f"real *given_{name}"
            if pointer not in declared:
                declared[pointer] = f"malloc({size})"
                loop = f"for (int i = 0; i < (int)({size} / sizeof(real)); i++)"
                filled.append(f"{loop} ((real *){variable})[i] = (real)noise(i);")
            given.append(variable)
        calls[function.name] = ", ".join(given)
    lines = (f"{pointer} = {value};" for pointer, value in declared.items())
    freed = (f"free({pointer.split('*')[1]});" for pointer in declared)
    inside = {"declared": lines, "filled": filled, "freed": freed}
    parts = {name: "\n    ".join(part) for name, part in inside.items()}
    return text + NOISE + DRIVER.format(prefix=prefix, **calls, **parts)


def runs_clean(source, prefixes, compiler, kernels, folder):
    """Everything in a process of its own, which says nothing."""
    source += f"int main(void) {{ return {' || '.join(f'{prefix}main()' for prefix in prefixes)}; }}\n"
    built = compile_c(source, folder, *SANITIZE, compiler=compiler, strict=flags_for(kernels), output="emitted")
    done = subprocess.run([str(built)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_all_pairs_of_ways_meet():
    ways = {"a": ("0", "1"), "b": ("0", "1", "2"), "c": ("0", "1"), "d": ("x", "y", "z")}
    cases = covering(ways)
    everything = set().union(*map(pairs, itertools.product(*ways.values())))
    assert set().union(*map(pairs, cases)) == everything
    assert len(cases) == 9  # b and d alone need as many
