"""Writes docs/ops.md from the op table: `python docs/make_ops.py`; a test keeps the page in step."""

from pathlib import Path

from chainrule.program.ops import ROWS, Op

HEAD = """# The ops

Every op of the grammar, from the table in `src/chainrule/program/ops.py`. Formulas, network files, the command line
and `program.replace` all use these. Operators bind as in Python; `^` is another way to write `**`; `pi` is a constant.

A *slope* is the derivative of the output by an argument, in terms of the arguments and of the output where that is
shorter; it is multiplied with the adjoint `g` of the output. A *linear* op is its own derivative. Where a whole row or
matrix is involved the *pull-back* says what the adjoint of the output contributes to that of the argument.

| op | written | derivative | defined as |
|---|---|---|---|
"""


def derivative(row: Op) -> str:
    if row.linear:
        return f"linear in {', '.join(row.linear)}"
    if row.slopes:
        return "; ".join(
            f"d{row.output}/d{name} = `{slope}`" for name, slope in zip(row.arguments, row.slopes, strict=False)
        )
    if row.pullbacks:
        pulled = zip(row.arguments, row.pullbacks, strict=True)
        return "; ".join(f"{name} receives `{text}`" for name, text in pulled if text)
    return "none: no gradient passes"


def written(row: Op) -> str:
    if row.symbol and len(row.arguments) == 2:
        return f"{row.arguments[0]} {row.symbol} {row.arguments[1]}"
    if row.symbol:
        return f"{row.symbol}{row.arguments[0]}"
    if row.name == "transpose":
        return f"{row.arguments[0]}.T"
    if row.name in ("sum", "mean", "max", "variance"):
        return f"{row.arguments[0]}.{'var' if row.name == 'variance' else row.name}(axis=0)"
    return f"{row.name}({', '.join(row.arguments)})"


def page() -> str:
    lines = [
        f"| {row.name} | `{written(row)}` | {derivative(row)} | {f'`{row.definition}`' if row.definition else ''} |"
        for row in ROWS
    ]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    (Path(__file__).parent / "ops.md").write_text(page(), encoding="utf-8")
