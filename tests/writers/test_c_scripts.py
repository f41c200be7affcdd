"""Complete programs in C: compiled, run on their own, and beside the engine; their random numbers are NumPy's."""

import subprocess
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.writers.c_blocks import DRAW, RANDOM, SAMPLE, SHUFFLE
from tests.writers.compiled import compile_c
from tests.writers.networks import NETWORKS
from tests.writers.test_scripts import check, training

SANITIZE = ("-O0", "-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all")


def run_c(source, folder, *arguments, compiler="gcc", flags=SANITIZE):
    program = compile_c(source, folder, *flags, compiler=compiler, output="script")
    command = [str(program), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder, check=False, timeout=300, errors="replace"
    )


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "adam"])
def test_c_scripts_reach_the_numbers_of_the_engine(name, tmp_path):
    run = training(name)
    compiler = "gcc" if len(name) % 2 else "clang"
    done = run_c(run.source("c", form="script"), tmp_path, compiler=compiler)
    assert (done.returncode, done.stderr) == (0, "")
    check(done.stdout, run.fit(), 1e-8)


@pytest.mark.parametrize("name", ["batch_norm", "dropout"])
def test_a_c_script_in_float32(name, tmp_path):
    run = training(name, "float32")
    done = run_c(run.source("c", form="script"), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    check(done.stdout, run.fit(), 1e-4)


def test_given_weights_are_in_the_script(tmp_path):
    program = cr.derive(cr.Network.parse("3-4-2"), "mean_squared_error", cr.Adam())
    random = np.random.RandomState(0)
    X, y = random.standard_normal((20, 3)), random.standard_normal((20, 2))
    given = {"W1": random.standard_normal((3, 4)), "b2": [0.5, -0.5]}
    run = cr.Training(program, X, y, epochs=3, batch_size=6, seed=9, dtype="float64", parameters=given, progress=False)
    done = run_c(run.source("c", form="script"), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    check(done.stdout, run.fit(), 1e-8)


RANDOM_MAIN = """
#include <stdint.h>
#include <stdio.h>
typedef double real;
@
int main(void) {
    static struct generator g;
    static int order[1000];
    static double x[3];
    const uint32_t seeds[] = {0u, 1u, 4294967295u};
    for (int i = 0; i < 3; i++) {
        seed(&g, seeds[i]);
        for (int k = 0; k < 700; k++)
            printf("%.17g\\n", random_sample(&g));
        for (int rows = 1; rows <= 1000; rows += 333) {
            permute(&g, rows, order);
            for (int k = 0; k < rows; k++)
                printf("%d\\n", order[k]);
        }
        draw(&g, 3, 0.3, x);
        for (int k = 0; k < 3; k++)
            printf("%.17g\\n", x[k]);
    }
    return 0;
}
"""


def test_the_random_numbers_are_those_of_numpy(tmp_path):
    source = RANDOM_MAIN.replace("@", f"{RANDOM}\n{SAMPLE}\n{DRAW}\n{SHUFFLE}")
    done = run_c(source, tmp_path)
    expected = []
    for seed in (0, 1, 2**32 - 1):
        random = np.random.RandomState(seed)
        expected += random.random_sample(700).tolist()
        for rows in range(1, 1001, 333):
            expected += random.permutation(rows).tolist()
        expected += random.uniform(-0.3, 0.3, 3).tolist()
    assert [float(line) for line in done.stdout.split()] == expected


# --- data in a file --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large():
    """Data that is not baked in, with weights."""
    random = np.random.RandomState(5)
    X, y = random.standard_normal((1000, 8)), random.standard_normal((1000, 1))
    more: dict[str, Any] = {"epochs": 1, "batch_size": 128, "dtype": "float64", "progress": False}
    weights = random.uniform(0.5, 1.5, 1000)
    return cr.Training(NETWORKS["regression"](), X, y, sample_weight=weights, **more)


@pytest.fixture(scope="module")
def reader(large, tmp_path_factory):
    """The compiled script, to be run on a file of these bytes."""
    folder = tmp_path_factory.mktemp("script")
    program = compile_c(large.source("c", form="script"), folder, *SANITIZE, output="script")

    def run(content: bytes | None, *arguments: str) -> subprocess.CompletedProcess[str]:
        if content is not None:
            (folder / "data.csv").write_bytes(content)
        command = [str(program), *(arguments or ("data.csv",))]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=folder, check=False, timeout=300, errors="replace"
        )

    return run


def test_data_from_a_csv(large, reader, tmp_path):
    large.save_data(tmp_path / "data.csv")
    content = (tmp_path / "data.csv").read_bytes()
    if not large.epoch:
        large.fit()
    for same in (
        content,
        content.replace(b"\n", b"\r\n"),
        content.rstrip(b"\n"),
        content + b" \n\n",
        content.replace(b",", b" ,\t"),
    ):
        done = reader(same)
        assert (done.returncode, done.stderr) == (0, "")
        check(done.stdout, large, 1e-8)


ROW = b"1,2,3,4,5,6,7,8,9,0.5"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no row below its header line"),
        (b"header", "has no row below its header line"),
        (b"header\n \n\n", "has no row below its header line"),
        (
            b"h\n" + ROW + b"\n1,2\n",
            "line 3: 10 columns are needed, 8 columns of X, then 1 of y, and the weight of the row",
        ),
        (b"h\n" + ROW + b",7\n", "line 2: 10 columns are needed"),
        (b"h\n" + ROW + b",", "line 2: 10 columns are needed"),
        (b"h\n1,,3,4,5,6,7,8,9,1\n", "line 2, column 2: '' is no number"),
        (b"h\n1,two,3,4,5,6,7,8,9,1\n", "line 2, column 2: 'two' is no number"),
        (b"h\n1,2 3,3,4,5,6,7,8,9,1\n", "line 2: 10 columns are needed"),
        (b"h\n1,nan,3,4,5,6,7,8,9,1\n", "line 2, column 2: 'nan' is no number"),
        (b"h\n1,inf,3,4,5,6,7,8,9,1\n", "line 2, column 2: 'inf' is no number"),
        (b"h\n1,0x10,3,4,5,6,7,8,9,1\n", "line 2, column 2: '0x10' is no number"),
        (b"h\n1,1e999,3,4,5,6,7,8,9,1\n", "line 2, column 2: 1e999 is too large"),
        (b"h\n1,1e,3,4,5,6,7,8,9,1\n", "line 2, column 2: '1e' is no number"),
        (b"h\n\n" + ROW + b"\n", "line 2, column 1: '' is no number"),
        (b"h\n1,\0002,3,4,5,6,7,8,9,1\n", "is no text"),
        (b"h\n" + b"9" * 5000 + b",2\n", "line 2, column 1: " + "9" * 40 + " is too large"),
        (b"h\n" + b"\xff\xfe,2\n", "line 2, column 1"),
    ],
)
def test_a_bad_csv_is_refused(content, message, reader):
    done = reader(content)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Sanitizer" not in done.stderr


def test_a_file_that_cannot_be_read_is_named(reader):
    for name, message in (("missing.csv", "missing.csv: No such file or directory"), (".", "directory")):
        done = reader(None, name)
        assert done.returncode == 2
        assert message in done.stderr
    done = reader(None, "one", "two")
    assert done.returncode == 2
    assert "usage: " in done.stderr
    assert "8 columns of X, then 1 of y, and the weight of the row" in done.stderr


def test_more_rows_than_one_batch_may_have_are_refused(tmp_path):
    program = NETWORKS["regression"]()
    random = np.random.RandomState(5)
    X, y = random.standard_normal((400, 8)), random.standard_normal((400, 1))
    run = cr.Training(program, X, y, epochs=2, dtype="float64", progress=False)
    source = run.source("c", form="script")
    run.save_data(tmp_path / "data.csv")
    done = run_c(source, tmp_path, "data.csv", flags=())
    assert (done.returncode, done.stderr) == (0, "")
    check(done.stdout, run.fit(), 1e-8)
    with (tmp_path / "data.csv").open("ab") as file:
        file.write(ROW[:-4] + b"\n")
    done = subprocess.run([tmp_path / "script", "data.csv"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (2, "data.csv has 401 rows: raise MAX_ROWS, which is 400\n")
