"""C for a device: weights as constants, self-test, parameters as bytes, and what it costs."""

import ctypes
import re
import subprocess

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.reference import run_steps
from chainrule.training.self_test import make_self_test
from chainrule.writers.c import CWriter
from tests.tools import ALL, find_tool
from tests.writers.compiled import SHARED, STRICT, compile_c
from tests.zoo import ZOO, sample

DEVICE = ("step", "predict", "initialize", "save", "restore", "self_test")
SANITIZE = ("-O0", "-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all")


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    assert match is not None, pattern
    return match[1]


def weights_of(program, given):
    running = {name: given.state[name] for name in program.statistics}
    return {**given.parameters, **running}


def device(name, real="float", functions=DEVICE, **options):
    """A writer with weights and a self-test, and the module that it writes."""
    program = ZOO[name]()
    given = sample(program)
    weights = weights_of(program, given)
    test = make_self_test(program, weights, given.inputs, {"float": "float32", "double": "float64"}[real])
    listed = {key: array.tolist() for key, array in weights.items()}
    writer = CWriter(program, real=real, rows=8, weights=listed, self_test=test, **options)
    return writer, writer.module(functions)


def run_self_test(text, folder, *flags, compiler="gcc"):
    """The exit code of a program that runs the self-test."""
    taken = re.findall(r"struct (\w+) \*(\w)", found(r"^int self_test\((.*?)\);", text))
    declared = "".join(f"static struct {struct} the_{letter};\n" for struct, letter in taken)
    given = ", ".join(f"&the_{letter}" for _, letter in taken)
    main = f"{declared}int main(void) {{\n    return self_test({given});\n}}\n"
    program = compile_c(text + main, folder, *flags, compiler=compiler, output="emitted")
    return subprocess.run([str(program)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("name", "real", "compiler"),
    [
        ("frozen", "double", "gcc"),
        ("deep_batch_norm", "float", "gcc"),
        ("every_layer", "double", "clang"),
        ("own_formulas", "float", "clang"),
        *[
            ("founding_3_4_1", "double", "gcc"),
            ("relu_softmax_adam", "float", "clang"),
            ("frozen", "float", "gcc"),
            ("frozen_between", "double", "gcc"),
            ("l2_weighted", "float", "gcc"),
        ]
        * ALL,
    ],
)
def test_the_self_test_passes(name, real, compiler, tmp_path):
    _, text = device(name, real)
    done = run_self_test(text, tmp_path, *SANITIZE, compiler=compiler)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("name", "real"), [("founding_3_4_1", "double"), ("deep_batch_norm", "float")])
def test_the_self_test_fails_where_a_number_is_off(name, real, tmp_path):
    _, text = device(name, real)
    broken, count = re.subn(r"(outputs\[\] = \{)", r"\g<1>1.0f + " if real == "float" else r"\g<1>1.0 + ", text)
    assert count == 1
    assert run_self_test(broken, tmp_path).returncode == 1
    last = re.sub(r"(trained\[\] = \{)", r"\g<1>1.0f + " if real == "float" else r"\g<1>1.0 + ", text)
    assert run_self_test(last, tmp_path).returncode == 5


@pytest.mark.parametrize("name", ["founding_3_1", "relu_softmax_adam", "deep_batch_norm", "own_of_rows"])
def test_weights_for_prediction_are_constants(name, tmp_path):
    _, text = device(name, functions=("predict", "self_test"))
    assert "struct parameters" not in text
    assert "struct state" not in text
    assert re.search(r"^void predict\((struct scratch \*s, )?int N, const real \*X,\s+real \*\w+\);", text, re.M)
    assert run_self_test(text, tmp_path).returncode == 0
    library = compile_c(text, tmp_path, "-O2", "-c", output="emitted.o")
    listed = subprocess.run([find_tool("nm"), str(library)], capture_output=True, text=True, check=True).stdout
    assert not re.search(r" [dDbB] ", listed)  # nothing in writable memory


def test_baked_weights_predict_what_the_reference_predicts(tmp_path):
    program = ZOO["deep_batch_norm"]()
    given = sample(program)
    weights = {key: array.tolist() for key, array in weights_of(program, given).items()}
    text = CWriter(program, real="double", weights=weights, rows=8).module(("predict",))
    library = ctypes.CDLL(str(compile_c(text, tmp_path, *SHARED)))
    output, scratch = np.empty((given.rows, 2)), np.zeros(4096)
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (scratch, given.inputs["X"], output)]
    library.predict(pointers[0], given.rows, *pointers[1:])
    expected = run_steps(program.prediction_steps, given.values)[program.prediction]
    np.testing.assert_allclose(output, expected, rtol=1e-10, atol=1e-13)


def test_layers_that_are_not_trained_are_constants():
    writer, text = device("frozen")
    assert "static const real W1[INPUTS * UNITS1] = {" in text
    struct = text[text.index("struct parameters {") : text.index("struct state {")]
    assert "W1" not in struct
    assert "W3" in struct
    assert "    .W3 = {" in text
    assert writer.initial == ["W3", "b3"]


class Memory:
    """A loaded module with parameters and state in NumPy arrays."""

    def __init__(self, name, folder):
        self.writer, text = device(name)
        if not (folder / f"{name}.so").exists():
            compile_c(text, folder, *SHARED, output=f"{name}.so")
        self.library = ctypes.CDLL(str(folder / f"{name}.so"))
        self.count = int(found(r"SAVED_BYTES = (\d+)", text))
        self.w, self.m = np.zeros(1000, np.float32), np.zeros(1000, np.float32)

    def pointers(self, *arrays):
        with_state = len(arrays) == 1 and self.writer.program.state and "running_mean1" in self.writer.program.state
        listed = [self.w, *([self.m] if with_state else []), *arrays]
        return [ctypes.c_void_p(array.ctypes.data) for array in listed]

    def save(self):
        saved = np.zeros(self.count, np.uint8)
        self.library.save(*self.pointers(saved))
        return saved

    def restore(self, saved):
        return self.library.restore(*self.pointers(saved), ctypes.c_size_t(len(saved)))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Where the libraries of `Memory` are."""
    return tmp_path_factory.mktemp("memory")


@pytest.mark.parametrize("name", ["relu_softmax_adam", "deep_batch_norm"])
def test_parameters_are_saved_and_restored(name, built):
    memory = Memory(name, built)
    memory.library.initialize(*(ctypes.c_void_p(a.ctypes.data) for a in (memory.w, memory.m)))
    assert memory.w.any()
    saved, w, m = memory.save(), memory.w.copy(), memory.m.copy()
    memory.w[:], memory.m[:] = 1.0, 1.0
    assert memory.restore(saved) == 0
    parameters = (memory.count - 8) // 4
    assert memory.w[: min(parameters, (w != 0).sum())].tolist() == w[: min(parameters, (w != 0).sum())].tolist()
    if name == "deep_batch_norm":
        running = m[m != 0]
        assert np.isin(running, memory.m).all()
    changed = memory.w.copy()
    for index, result in ((0, 2), (5, 3), (8, 3), (len(saved) - 1, 3)):
        damaged = saved.copy()
        damaged[index] ^= 1
        assert memory.restore(damaged) == result
    assert memory.restore(saved[:-1].copy()) == 1
    assert memory.w.tolist() == changed.tolist()


def test_another_network_is_refused(built):
    saved = Memory("relu_softmax_adam", built).save()
    other = Memory("deep_batch_norm", built)
    padded = np.resize(saved, other.count)
    assert other.restore(padded) == 2


def test_training_hands_its_weights_over(tmp_path):
    program = cr.derive(cr.Network.parse("3-4-2", batch_norm=True), "mean_squared_error", cr.Adam())
    X, y = np.random.RandomState(0).standard_normal((9, 3)), np.random.RandomState(1).standard_normal((9, 2))
    run = cr.Training(program, X, y, epochs=3, progress=False).fit()
    text = run.source("c", weights=True, self_test=True)
    assert run_self_test(text, tmp_path).returncode == 0
    assert f"{float(run.parameters['b2'][0]):.6g}f"[:6] in text


@pytest.mark.parametrize("name", ["relu_softmax_adam", "deep_batch_norm", "own_formulas", "gelu_adamw"])
def test_the_header_states_what_it_costs(name, tmp_path):
    """Of a module and an object as large as its structs, which is no constant and no frame."""
    writer, text = device(name)
    structs = " + ".join(f"sizeof(struct {name})" for name in ("parameters", "state", "scratch"))
    (tmp_path / "emitted.c").write_text(text + f"char size_of_all[{structs}];\n")
    command = [find_tool("gcc"), *STRICT, "-Os", "-fstack-usage", "-c", "emitted.c", "-o", "emitted.o"]
    subprocess.run(command, cwd=tmp_path, check=True)
    frames = {}
    for line in (tmp_path / "emitted.su").read_text().splitlines():
        place, size, _ = line.split("\t")
        frames[place.split(":")[-1]] = int(size)
    stated = int(found(r"stack about ([\d,]+) bytes", text).replace(",", ""))
    deepest = frames["self_test"] + frames["step"] + max(frames.get(k, 0) for k in (*writer.kernels, *writer.blocks))
    assert deepest <= stated <= 4 * deepest + 600
    sizes = subprocess.run(
        [find_tool("size"), "-A", "emitted.o"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    constants = sum(int(line.split()[1]) for line in sizes.splitlines() if line.startswith(".rodata"))
    flash = int(found(r"Flash  ([\d,]+) bytes", text).replace(",", ""))
    assert flash <= constants <= flash + 256
    listed = subprocess.run(
        [find_tool("nm"), "-S", "emitted.o"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    ram = int(found(r"RAM    ([\d,]+) bytes", text).replace(",", ""))
    assert ram == int(found(r"^\w+ (\w+) \w size_of_all$", listed), 16)


def test_operations_are_counted():
    program = cr.derive(cr.Network.parse("3-1", "linear", "linear"), "half_squared_error", cr.GradientDescent())
    text = CWriter(program).module()
    # forward 2 * 3 + 1, loss (z - y)**2 2 and a sum, delta 1, dW 2 * 3, db 1; update 2 for each of 4 and 0.5 * sum
    assert "Operations: step 18 a row and 9, predict 7 a row" in text


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({}, "W1, b1 missing"),
        ({"W1": [[1.0]] * 3, "b1": [0.0]}, r"W1 has shape \(3, 1\), not \(4, 1\)"),
        ({"W1": [[1.0], [1.0], [1.0], [float("nan")]], "b1": [0.0]}, "W1 holds a value that is not finite"),
        ({"W1": [[1.0]] * 4, "b1": [0.0], "W2": [1.0]}, "unknown name 'W2'"),
    ],
)
def test_weights_are_checked(weights, message):
    with pytest.raises(ValueError, match=message):
        CWriter(ZOO["linear"](), weights=weights)


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        (("step", "initialize"), "initialize needs weights"),
        (("predict", "self_test"), "self_test needs what is expected"),
        (("step", "self_test"), "self_test calls predict and initialize"),
    ],
)
def test_functions_are_checked(functions, message):
    with pytest.raises(ValueError, match=message):
        CWriter(ZOO["linear"]()).module(functions)


def test_constants_cannot_be_saved():
    with pytest.raises(ValueError, match="save has nothing to do"):
        device("linear", functions=("predict", "save"))
