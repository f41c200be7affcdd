"""Stand-alone predictors: alone on a machine they answer as the model does, whatever is in the table."""

import csv
import json
import os
import re
import subprocess
from typing import Any

import numpy as np
import pytest

from chainrule.cli.predict import as_csv
from chainrule.writers import LANGUAGES
from tests.models.alone import FILES, command, run
from tests.models.tables import NASTY, new_rows, predictor
from tests.writers.compiled import STRICT

ALL = bool(os.environ.get("CHAINRULE_TEST_ALL"))
KINDS = ("iris", "price", "sold", "class", "nasty")
VARIANTS = [("float32", "relu", False), *[("float64", "gelu", True), ("float32", "z * tanh(softplus(z))", True)] * ALL]
ROUNDING = {"float32": 1e-6, "float64": 1e-14}


def test_every_language_has_predictors():
    assert set(FILES) == set(LANGUAGES)


@pytest.mark.parametrize(("dtype", "activation", "batch_norm"), VARIANTS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", sorted(FILES))
def test_the_answers_are_those_of_the_model(language, kind, dtype, activation, batch_norm, tmp_path):
    if language == "jax" and kind != "nasty" and not ALL:
        pytest.skip("takes seconds; CHAINRULE_TEST_ALL=1 runs it")
    model = predictor(kind, dtype, activation, batch_norm)
    table = new_rows(kind)
    wanted = model.columns(table)
    columns = [feature.name for feature in model.preparation.features]
    found = run(model.source(language), language, table, tmp_path, columns)
    if language == "c":
        found = dict(zip(wanted, found.values(), strict=True))
    assert list(found) == list(wanted)
    for name, cells in wanted.items():
        if name == "prediction" and model.classes:
            assert shown(found[name]) == shown(cells)
        else:
            mine, theirs = (np.array(numbers, float) for numbers in (cells, found[name]))
            np.testing.assert_allclose(theirs, mine, rtol=ROUNDING[dtype], atol=ROUNDING[dtype])


@pytest.mark.parametrize("language", ["numpy", "javascript", "c"])
def test_lines_are_as_long_as_people_write_them(language):
    for kind in KINDS:
        source = predictor(kind).source(language)
        assert max(map(len, source.splitlines())) <= 120, kind


@pytest.mark.parametrize("language", ["numpy", "javascript"])
def test_blank_lines_are_accepted_at_the_end_only(language, tmp_path):
    """As `read_csv` has it."""
    started = command(predictor("sold").source(language), language, tmp_path)
    header, *rows = as_csv(new_rows("sold"), {}, False).splitlines()
    for text, accepted in ((f"{header}\n{rows[0]}\n\n\n", True), (f"{header}\n{rows[0]}\n\n{rows[1]}\n", False)):
        done = subprocess.run([*started, "-"], input=text.encode(), capture_output=True, check=False, cwd=tmp_path)
        assert (done.returncode == 0) == accepted, done.stderr
        if not accepted:
            assert b"row 3: a blank line; remove it" in done.stderr


def shown(labels: list[str]) -> list[str]:
    """C shows what is not printable escaped."""
    return [label if label.isprintable() else ascii(label)[1:-1] for label in labels]


def test_the_self_test_in_c_passes_and_notices(tmp_path):
    source = predictor("class", batch_norm=True).source("c", prefix="my_")
    main = "int main(void) { static struct my_scratch s; return my_self_test(&s); }\n"
    for i, (text, result) in enumerate([(source, 0), (source.replace("X[4] = scaled(", "X[4] = 1.5f + scaled("), 1)]):
        folder = tmp_path / str(i)
        command(text, "c", folder)
        (folder / "main.c").write_text('#include "predictor.c"\n' + main)
        subprocess.run(["gcc", "-std=c99", str(folder / "main.c"), "-lm", "-o", str(folder / "main")], check=True)
        assert subprocess.run([str(folder / "main")], check=False).returncode == result


def test_c_is_clean_with_clang_and_under_sanitizers(tmp_path, tool):
    for kind, activation in (("nasty", "relu"), ("price", "silu")):
        source = predictor(kind, activation=activation).source("c")
        path = tmp_path / f"{kind}.c"
        path.write_text(source + "int main(void) {\n    static struct scratch s;\n    return self_test(&s);\n}\n")
        built = tmp_path / kind
        for compiler, more in (("clang", []), ("gcc", ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"])):
            subprocess.run([tool(compiler), *STRICT, *more, str(path), "-lm", "-o", str(built)], check=True)
            assert subprocess.run([str(built)], check=False).returncode == 0


@pytest.mark.parametrize("language", sorted(FILES))
def test_texts_of_a_table_are_data_and_nothing_else(language):
    """Outside of quoted literals none of them is left as it was, and no literal is left open."""
    source = predictor("nasty").source(language)
    assert source.isascii() or language in ("numpy", "jax")
    assert all(character.isprintable() or character == "\n" for character in source)
    bare = re.sub(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', '""', re.sub(r'"""[^"]*"""', "", source))
    comments = r"//.*" if language == "javascript" else r"/\*.*?\*/" if language == "c" else r"#.*"
    bare = re.sub(comments, "", bare, flags=re.DOTALL if language == "c" else 0)
    for text in (*NASTY, "evil", "DROP"):
        if len(text) > 3 and text not in ("class", '"""'):
            assert text not in bare, text


BROKEN: list[tuple[str | bytes, str]] = [
    ("age,income,constant,year,color\n1,2,3,4,red\n", "size"),
    ("age,income,constant,year,color,size\n1,2,3,4,red\n", "5 cells, but the header has 6"),
    ("age,income,constant,year,color,size\n1,2,x\x1b[2J\u202e,4,red,S\n", "is not a number"),
    ("age,income,constant,year,color,size\n1,2,0x10,4,red,S\n", '0x10'),
    ("age,income,constant,year,color,size\n1,2,1_0,4,red,S\n", '1_0'),
    ("age,income,constant,year,color,size\n1,2,3,nan,red,S\n", 'nan'),
    ("age,income,constant,year,color,size\n1,1e999,3,4,red,S\n", '1e999'),
    ("age,income,constant,year,color,age\n1,2,3,4,red,S\n", "two columns have the same name"),
    ('age,income,constant,year,color,size\n1,2,3,4,"red" x,S\n', ""),
    ('age,income,constant,year,color,size\n1,2,3,4,"red\n', ""),
    (b"\xff\xfe,", ""),
]  # fmt: skip


@pytest.mark.parametrize("language", ["numpy", "javascript"])
def test_broken_tables_are_refused(language, tmp_path):
    started = command(predictor("class").source(language), language, tmp_path)
    some = BROKEN[::2][language == "javascript" :: 2]  # each of them in one language
    for content, reason in BROKEN if ALL else some:
        (tmp_path / "new.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
        done = subprocess.run([*started, "new.csv"], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, ""), content
        assert reason in done.stderr
        assert done.stderr.rstrip("\n").isprintable(), content
        assert done.stderr.startswith("new.csv: ")
    done = subprocess.run([*started, "no.csv"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert subprocess.run(started, capture_output=True, check=False, cwd=tmp_path).returncode in (1, 2)


@pytest.mark.parametrize("language", ["numpy", "javascript"])
def test_csv_as_others_write_it(language, tmp_path):
    model, table = predictor("class"), new_rows("class")
    started = command(model.source(language), language, tmp_path)
    rows = list(csv.reader(as_csv(table, {}, False).splitlines()))
    text = "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)
    printed = [
        subprocess.run([*started, "-"], input=given, capture_output=True, check=True, cwd=tmp_path).stdout
        for given in (b"\xef\xbb\xbf" + text.encode(), as_csv(table, {}, False).encode() + b"\n\n")
    ]
    assert printed[0] == printed[1]
    assert printed[0].count(b"\n") == len(table) + 1


def test_rows_from_a_program(tmp_path):
    """`predict_rows` and `predictRows` take numbers, texts and nothing."""
    model = predictor("price")
    rows: list[dict[str, Any]] = [
        {"age": 30, "income": 1e9, "constant": 7, "year": 2000, "color": "red", "size": "M"},
        {"age": None, "income": "1e9", "constant": "7", "year": " 2000 ", "color": None, "size": "M "},
        {"age": "", "income": "1e9", "constant": "7", "year": 2000.0, "color": "", "size": "M", "more": 1},
    ]
    wanted = model.predict([{k: None if v is None else str(v) for k, v in row.items()} for row in rows])
    names: dict[str, object] = {"__name__": "predictor"}
    exec(compile(model.source("numpy"), "predictor.py", "exec"), names)
    found = names["predict_rows"](rows)  # type: ignore[operator]
    np.testing.assert_allclose([answer["prediction"] for answer in found], wanted, rtol=1e-6)
    started = command(model.source("javascript"), "javascript", tmp_path)
    (tmp_path / "use.mjs").write_text(
        'import { predictRows } from "./predictor.mjs";\n'
        f"console.log(JSON.stringify(predictRows({json.dumps(rows)})));\n"
    )
    done = subprocess.run([started[0], "use.mjs"], capture_output=True, text=True, check=True, cwd=tmp_path)
    np.testing.assert_allclose([answer["prediction"] for answer in json.loads(done.stdout)], wanted, rtol=1e-6)


def test_what_cannot_be_written():
    model = predictor("iris")
    with pytest.raises(ValueError, match="unknown language 'cobol'"):
        model.source("cobol")
    with pytest.raises(ValueError, match="numpy has no option 'prefix'"):
        model.source("numpy", prefix="x_")
    with pytest.raises(ValueError, match="needs a model: weights and preparation"):
        model.engine.program.source("c", form="predictor")


def test_the_notes_are_in_the_language_asked_for():
    model = predictor("iris")
    assert "Sagt die Spalte 'species' einer Tabelle voraus." in model.source("numpy", notes="de")
    assert "预测表中的 'species' 列。" in model.source("jax", notes="zh-Hans")
