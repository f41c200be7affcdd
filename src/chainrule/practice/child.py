"""Runs a learner's step and writes down what was seen: every local variable of the file's functions, and the results.

`running.py` starts this file as a program of its own, with nothing of chainrule loaded, so that whoever reads the
reference from the library is seen doing it. Standard library and NumPy only.

    python child.py LIMITS-AND-CASES.json ANSWER.json
"""

from __future__ import annotations

import ast
import base64
import contextlib
import json
import os
import sys
import traceback
from collections import deque
from types import CodeType, FrameType
from typing import Any

import numpy as np

MOST_NUMBERS = 200_000  # in one value that is kept
MOST_VALUES = 40  # of one variable: a loop that fills an array is seen at every turn
MOST_LISTED = 500  # in a list
MOST_LOOKS = 30_000  # lines after which only the ends of functions are looked at
MOST_WORK = 20_000_000  # numbers compared, likewise
MOST_TEXT = 300

Seen = dict[str, list[np.ndarray[Any, Any]]]


# --- what is seen --------------------------------------------------------------------------------------------------


def as_numbers(value: Any) -> np.ndarray[Any, Any] | None:
    """A value as an array of float64, where it is a number or holds nothing but numbers."""
    if isinstance(value, (bool, int, float, np.generic, np.ndarray)) or is_short_list(value):
        try:
            array = np.asarray(value)
            if array.dtype.kind in "biuf" and array.size <= MOST_NUMBERS:
                return np.array(array, dtype=float)
        except Exception:  # noqa: BLE001  a learner's list may hold anything
            return None
    return None


def is_short_list(value: Any) -> bool:
    """Whether it is a list such as loops over rows and columns make, which may hold numbers."""
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= MOST_LISTED:
        return False
    return isinstance(value[0], (int, float, np.generic)) or is_short_list(value[0])


class Watch:
    """A trace function: what every name in the functions of one file has held.

    A value is kept once the code has gone on to the next line without changing it.
    """

    def __init__(self, filename: str) -> None:
        self.filename, self.looks, self.work = filename, 0, 0
        self.kept: dict[str, deque[np.ndarray[Any, Any]]] = {}
        self.latest: dict[tuple[int, str], np.ndarray[Any, Any]] = {}
        self.dots: set[str] = set()

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        return self.within if frame.f_code.co_filename == self.filename else None

    def within(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "return" or (event == "line" and self.looks < MOST_LOOKS and self.work < MOST_WORK):
            self.looks += 1
            self.look(frame)
        return self.within

    def look(self, frame: FrameType) -> None:
        for name, value in dict(frame.f_locals).items():
            if value is ...:
                self.dots.add(name)
            numbers = as_numbers(value)
            if numbers is None:
                continue
            self.work += numbers.size
            before = self.latest.get((id(frame), name))
            if before is None or before.shape != numbers.shape or not np.array_equal(before, numbers, equal_nan=True):
                self.latest[id(frame), name] = numbers
                self.kept.setdefault(name, deque(maxlen=MOST_VALUES)).append(numbers)

    @property
    def seen(self) -> Seen:
        return {name: list(values) for name, values in self.kept.items()}


def observe(step: Any, case: dict[str, Any], filename: str) -> dict[str, Any]:
    """Call `step` with copies of a case, and say what it did.

    case        inputs, parameters and state as name -> array; t, or None where the program counts no steps;
                hyperparameters
    """
    inputs = {name: value.copy() for name, value in case["inputs"].items()}
    parameters = [value.copy() for value in case["parameters"].values()]
    state = [value.copy() for value in case["state"].values()]
    arguments: list[Any] = [*inputs.values(), parameters]
    arguments += [state] * bool(state) + [case["t"]] * (case["t"] is not None)
    watch, error, returned = Watch(filename), None, None
    before = sys.gettrace()
    try:
        sys.settrace(watch)
        with np.errstate(all="ignore"):
            returned = step(*arguments, **case["hyperparameters"])
    except KeyboardInterrupt:
        raise
    except BaseException as problem:  # noqa: BLE001  SystemExit among them: whatever a learner's file does is told
        error = told(problem, filename)
    finally:
        sys.settrace(before)
    return {
        "error": error,
        "returned": as_numbers(returned),
        "parameters": named(case["parameters"], parameters),
        "state": named(case["state"], state),
        "changed": [name for name, value in inputs.items() if not same(value, case["inputs"][name])],
        "seen": watch.seen,
        "dots": sorted(watch.dots),
    }


def named(before: dict[str, Any], after: list[Any]) -> dict[str, np.ndarray[Any, Any] | None]:
    return {name: as_numbers(after[i]) if i < len(after) else None for i, name in enumerate(before)}


def same(value: Any, other: Any) -> bool:
    return bool(np.array_equal(value, other, equal_nan=True))


def told(problem: BaseException, filename: str) -> dict[str, Any]:
    """An exception: its kind, its text, and the last line of the learner's file on the way to it."""
    if isinstance(problem, SyntaxError) and problem.filename == filename:
        line, text = problem.lineno or 0, problem.msg
    else:
        frames = traceback.walk_tb(problem.__traceback__)
        line = next(iter([at for frame, at in frames if frame.f_code.co_filename == filename][::-1]), 0)
        try:
            text = str(problem)
        except Exception:  # noqa: BLE001  an exception class of theirs
            text = ""
    return {"kind": type(problem).__name__[:60], "text": text[:MOST_TEXT], "line": line}


# --- the file ------------------------------------------------------------------------------------------------------


def dots_in(tree: ast.Module) -> dict[str, int]:
    """The names to which the file still assigns `...`, with their lines; '' where the body of step is `...`."""
    found: dict[str, int] = {}

    def name_of(node: ast.expr) -> str:
        node = node.value if isinstance(node, ast.Subscript) else node
        return node.id if isinstance(node, ast.Name) else ""

    def is_dots(node: ast.AST | None) -> bool:
        return isinstance(node, ast.Constant) and node.value is ...

    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AugAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=False))
                found |= {name_of(one): node.lineno for one, value in pairs if is_dots(value)}
        if isinstance(node, ast.FunctionDef) and node.name == "step":
            lines = [s.lineno for s in node.body if isinstance(s, ast.Expr) and is_dots(s.value)]
            found |= {"": lines[0]} if lines else {}
    return found


class Flags:
    """An audit hook that notes what a grader wants to know of; it forbids nothing."""

    def __init__(self, package: str) -> None:
        self.package, self.found, self.on = package, set[str](), True

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "import" and str(arguments[0]).split(".")[0] == "chainrule":
            self.found.add("library")
        elif event in ("open", "os.listdir", "os.scandir") and arguments:
            if str(arguments[0]).startswith(self.package) and arguments[0] != __file__:
                self.found.add("library")
        elif event.startswith(("subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "pty.")):
            self.found.add("program")
        elif event.startswith(("socket.connect", "socket.getaddrinfo", "socket.bind")):
            self.found.add("network")


def limit(limits: dict[str, int]) -> None:
    """Memory, processor time and the size of files, where the system can bound them."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the one bound
        return
    wanted = {"RLIMIT_AS": limits["memory"], "RLIMIT_CPU": limits["seconds"] + 1, "RLIMIT_FSIZE": limits["file"]}
    for name, value in {**wanted, "RLIMIT_CORE": 0}.items():
        with contextlib.suppress(ValueError, OSError, AttributeError):  # macOS refuses RLIMIT_AS
            resource.setrlimit(getattr(resource, name), (value, value))


def run_file(path: str, cases: list[dict[str, Any]]) -> dict[str, Any]:
    """What is seen in every case, or why the file cannot be run."""
    answer: dict[str, Any] = {"problem": "", "error": None, "dots": {}, "runs": []}
    filename = os.path.abspath(path)  # noqa: PTH100  what Python calls a file in tracebacks
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            content = file.read()
        tree = ast.parse(content, filename)
        answer["dots"] = dots_in(tree)
        code: CodeType = compile(tree, filename, "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError, OSError) as problem:
        return answer | {"problem": "syntax", "error": told(problem, filename)}
    module: dict[str, Any] = {"__name__": "practice", "__file__": filename}
    try:
        exec(code, module)  # noqa: S102  the learner's own file, in a process of its own
    except BaseException as problem:  # noqa: BLE001  SystemExit, KeyboardInterrupt of theirs among them
        return answer | {"problem": "load", "error": told(problem, filename)}
    if not callable(module.get("step")):
        return answer | {"problem": "no_step"}
    for case in cases:
        answer["runs"].append(observe(module["step"], case, filename))
    return answer


# --- numbers through a file ----------------------------------------------------------------------------------------


def encoded(value: Any) -> Any:
    """Arrays as text, inside lists and dicts."""
    if isinstance(value, np.ndarray):
        data = base64.b64encode(np.ascontiguousarray(value, dtype="<f8").tobytes()).decode()
        return {"shape": list(value.shape), "float64": data}
    if isinstance(value, dict):
        return {str(key): encoded(item) for key, item in value.items()}
    return [encoded(item) for item in value] if isinstance(value, (list, tuple)) else value


def decoded(value: Any) -> Any:
    """What `encoded` made text of.  ValueError, TypeError, KeyError: text that it did not make."""
    if isinstance(value, dict):
        if set(value) == {"shape", "float64"}:
            return np.frombuffer(base64.b64decode(value["float64"]), dtype="<f8").reshape(value["shape"]).copy()
        return {key: decoded(item) for key, item in value.items()}
    return [decoded(item) for item in value] if isinstance(value, list) else value


def main(request: str, answer: str) -> None:
    with open(request, encoding="utf-8") as file:  # noqa: PTH123
        asked = decoded(json.load(file))
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    flags = Flags(package + os.sep)
    sys.argv[:] = [asked["path"]]
    sys.path[0] = os.path.dirname(os.path.abspath(asked["path"]))  # noqa: PTH100, PTH120  as Python does for a script
    limit(asked["limits"])
    sys.addaudithook(flags)
    found = run_file(asked["path"], asked["cases"])
    flags.on = False
    found["flags"] = sorted(flags.found | {"library" for name in sys.modules if name.split(".")[0] == "chainrule"})
    found["secret"] = asked["secret"]
    with open(answer, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(encoded(found), file)
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    os._exit(0)  # no handlers of theirs, no waiting for their threads


if __name__ == "__main__":
    main(*sys.argv[1:3])
