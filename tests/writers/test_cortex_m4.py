"""The plain C of a small network, trained on a Cortex-M4: cross-compiled without a warning, self-test under QEMU."""

import itertools
import subprocess
from pathlib import Path

import pytest

from tests.tools import ALL
from tests.writers.compiled import STRICT
from tests.writers.test_device import DEVICE, device, found

HERE = Path(__file__).parent / "cortex_m4"
CORTEX_M4 = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
MAIN = """
int device_self_test(void);
int device_self_test(void) {{
{declared}
    return self_test({given});
}}
"""


SMALL = [("deep_batch_norm", "-Os"), ("relu_softmax_adam", "-O2")]
STORED = [("relu_softmax_adam", ("predict",)), ("deep_batch_norm", DEVICE), ("frozen", ("predict", "self_test")),
          ("own_formulas", DEVICE)]  # fmt: skip
if ALL:
    SMALL = list(itertools.product(("relu_softmax_adam", "deep_batch_norm"), ("-Os", "-O2")))
    STORED = list(itertools.product([name for name, _ in STORED], [("predict",), ("predict", "self_test"), DEVICE]))


@pytest.mark.parametrize(("name", "level"), SMALL)
def test_the_self_test_passes_on_a_cortex_m4(name, level, tool, tmp_path):
    compiler, qemu = tool("arm-none-eabi-gcc"), tool("qemu-system-arm")
    _, text = device(name)
    stack = found(r"stack about ([\d,]+) bytes", text).replace(",", "")
    declared = "".join(f"    static struct {s} {s};\n" for s in ("parameters", "state", "scratch"))
    text += MAIN.format(declared=declared, given="&parameters, &state, &scratch")
    result, size = run(text, tmp_path, compiler, qemu, level, stack)
    assert result == 0
    assert size < 16_000  # code, constants and what of libm and libc it needs
    if level == "-Os":
        broken = text.replace("losses[] = {", "losses[] = {1.0f + ")
        assert run(broken, tmp_path, compiler, qemu, level, stack)[0] == 2


@pytest.mark.parametrize(("name", "functions"), STORED)
def test_the_constants_take_the_flash_that_is_stated(name, functions, tool, tmp_path):
    """All of it in read-only memory, nothing in writable; less where the compiler puts a number into the code."""
    _, text = device(name, functions=functions)
    (tmp_path / "emitted.c").write_text(text)
    command = [tool("arm-none-eabi-gcc"), *STRICT, *CORTEX_M4, "-Os", "-c", "emitted.c", "-o", "emitted.o"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    command = [tool("arm-none-eabi-gcc").replace("-gcc", "-size"), "-A", "emitted.o"]
    listed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    sizes = [line.split()[:2] for line in listed.splitlines() if line.startswith(".")]
    taken = sum(int(size) for section, size in sizes if section.startswith(".rodata"))
    stated = int(found(r"Flash  ([\d,]+) bytes", text).replace(",", ""))
    assert stated - 64 <= taken <= stated
    assert not any(int(size) for section, size in sizes if section.startswith((".data", ".bss")))


def run(text: str, folder: Path, compiler: str, qemu: str, level: str, stack: str) -> tuple[int, int]:
    """QEMU's exit code, and how much flash the program takes."""
    (folder / "emitted.c").write_text(text)
    start = (f"-DSTATED_STACK={stack}u", "-std=gnu99", "-Wall", "-Wextra", "-Werror")
    for source, flags in ((folder / "emitted.c", STRICT), (HERE / "start.c", start)):
        command = [
            compiler,
            *flags,
            *CORTEX_M4,
            level,
            "-ffunction-sections",
            "-c",
            str(source),
            "-o",
            str(folder / f"{source.stem}.o"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    image = folder / "image.elf"
    command = [compiler, *CORTEX_M4, "-nostartfiles", "-Wl,--gc-sections", "-T", str(HERE / "link.ld")]
    command += [str(folder / "emitted.o"), str(folder / "start.o"), "-lm", "-lc", "-lgcc", "-o", str(image)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    sizes = subprocess.run(
        [compiler.replace("-gcc", "-size"), str(image)], capture_output=True, text=True, check=True
    ).stdout
    command = [qemu, "-machine", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none"]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(image)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, stdin=subprocess.DEVNULL)
    return done.returncode, int(sizes.splitlines()[1].split()[0])
