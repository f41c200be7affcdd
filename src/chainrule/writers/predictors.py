"""The stand-alone predictors of the Python languages: from the rows of a CSV to answers, weights and all."""

from __future__ import annotations

from typing import Any, ClassVar

from ..program.ops import format_shape
from .layout import INDENT, WIDTH, assigned_tuple
from .model import CategoryColumn, NumberColumn, TrainedModel
from .names import as_comment
from .notebooks import PythonNotebooks
from .scripts import array, numeral, text, texts

HELPERS = '''\
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def label_of(cell):
    """@LABEL@"""
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, (int, float, np.number)) and not isinstance(cell, bool):
        number = float(cell)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    return str(cell).strip()


def number_of(cell, place):
    """@NUMBER@"""
    text = label_of(cell)
    if text and not (NUMBER.fullmatch(text) and np.isfinite(float(text))):
        raise ValueError(f"{place}: {text[:40]!r} is not a number")
    return float(text or "nan")


def prepare(rows, first=1):
    """@PREPARE@"""
    columns = []
    for column in COLUMNS:
        name = column["name"]
        if not all(name in row for row in rows):
            raise ValueError(f"the column {name!r} is missing")
        if "categories" in column:
            labels = [label_of(row[name]) for row in rows]
            columns += [[label == category for label in labels] for category in column["categories"]]
            continue
        places = [f"row {n}, column {name!r}" for n in range(first, first + len(rows))]
        numbers = np.array([number_of(row[name], place) for row, place in zip(rows, places)])
        missing = np.isnan(numbers)
@REFUSE@        columns.append((np.where(missing, column["median"], numbers) - column["mean"]) / column["deviation"])
        if column["indicated"]:
            columns.append(missing)
    X = np.array(columns, dtype=np.float64).reshape(len(columns), len(rows)).T
    if not np.isfinite(X).all():
        raise ValueError("a number is too far from those of the training rows")
    return X.astype(np.@DTYPE@)
'''

REFUSE = '''\
        if missing.any() and np.isnan(column["median"]):
            raise ValueError(f"{places[missing.argmax()]}: the number is missing")
'''

MAIN = '''\
def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: python {sys.argv[0]} NEW.csv")
    try:
        path = 0 if sys.argv[1] == "-" else sys.argv[1]
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            if len(set(header)) < len(header):
                raise ValueError("two columns have the same name")
            rows, blank = [], 0
            for cells in reader:
                if not cells:
                    blank = blank or reader.line_num
                    continue
                if blank:  # at the end they do no harm
                    raise ValueError(f"row {blank}: a blank line; remove it")
                if len(cells) != len(header):
                    raise ValueError(f"row {reader.line_num}: {len(cells)} cells, but the header has {len(header)}")
                rows.append(dict(zip(header, cells)))
        answers = predict_rows(rows, first=2)
    except (OSError, ValueError, csv.Error) as error:
        print(f"{sys.argv[1]}: {error}", file=sys.stderr)
        sys.exit(2)
    sys.stdout.reconfigure(encoding="utf-8")
    writer = csv.writer(sys.stdout, lineterminator="\\n")
    writer.writerow(@SHOWN_HEADER@)
    for answer in answers:
        writer.writerow(@SHOWN@)


if __name__ == "__main__":
    main()
'''

SAFE = '''\
def shown(text):
    """@SHOW@"""
    return "".join(c if c.isprintable() or not sys.stdout.isatty() else ascii(c)[1:-1] for c in text)


'''


class PythonPredictors(PythonNotebooks):
    """What NumPy and JAX predictors share."""

    forms: ClassVar[tuple[str, ...]] = (*PythonNotebooks.forms, "predictor")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.about: list[str] = []

    def provenance(self) -> list[str]:
        return [*super().provenance(), *self.about]

    def predictor(self, model: TrainedModel) -> str:
        """A program that needs nothing but the library: columns, weights, `predict_rows`, and a CSV read strictly."""
        self.needs |= {"np", "csv", "re", "sys"}
        usage = "python predictor.py NEW.csv"
        self.about = ["", self.say("predictor.title", target=f"'{as_comment(model.target)}'"), ""]
        self.about += [f"{INDENT}{usage}{INDENT}{self.say('predictor.usage')}", "", self.say("predictor.rows")]
        main = [*self.columns(model), "", *self.learnt(model)]
        for block in (self.helpers(model), self.answer(model), self.program_lines(model)):
            main += ["", "", *block]
        return self.module(("predict",), set_up=self.set_up(model), main=main)

    # --- data ---

    def columns(self, model: TrainedModel) -> list[str]:
        """What the columns are: every name and category is a quoted text."""
        lines = [f"# {self.say('predictor.columns')}", "COLUMNS = ["]
        for column in model.columns:
            name = f'"name": {text(column.name)}'
            if isinstance(column, CategoryColumn):
                lines += self.categories(name, column)
                continue
            numbers = {key: numeral(getattr(column, key), "float64") for key in ("mean", "deviation")}
            numbers["median"] = "np.nan" if column.median is None else numeral(column.median, "float64")
            if column.deviation == 0.0:
                numbers["deviation"] = "np.inf"  # of a constant column: it becomes 0
            entries = ", ".join(f'"{key}": {value}' for key, value in numbers.items())
            line = f'{INDENT}{{{name}, {entries}, "indicated": {column.indicated}}},'
            if len(line) <= WIDTH:
                lines.append(line)
            else:
                lines += [f'{INDENT}{{{name}, "indicated": {column.indicated},', f"{INDENT} {entries}}},"]
        lines.append("]")
        if model.classes:
            lines += ["", f"# {self.say('predictor.classes')}", *texts("CLASSES", model.classes)]
        return lines

    def categories(self, name: str, column: CategoryColumn) -> list[str]:
        first, *rest = texts("categories", column.categories)
        opening = f'{INDENT}{{{name}, "categories": {first.partition(" = ")[2]}'
        if not rest:
            return [f"{opening}}},"]
        return [opening, *(INDENT + line for line in rest[:-1]), f"{INDENT}{rest[-1]}}},"]

    def learnt(self, model: TrainedModel) -> list[str]:
        """The weights, and the running statistics of batch norm."""
        lines = [f"# {self.say('predictor.weights')}"]
        for name, values in model.weights.items():
            lines += array(name, values, model.dtype)
        running = [name for name in model.weights if name in self.program.state]
        lines += assigned_tuple("parameters", [name for name in model.weights if name not in running])
        return lines + (assigned_tuple("state", running) if running else [])

    # --- functions ---

    def helpers(self, model: TrainedModel) -> list[str]:
        shape = format_shape(("N", model.inputs))
        said = {"LABEL": self.say("predictor.label"), "NUMBER": self.say("predictor.number")}
        said |= {"PREPARE": self.say("predictor.prepare", inputs=f"X {shape}"), "DTYPE": model.dtype}
        said["REFUSE"] = REFUSE if model.may_refuse_missing else ""
        return filled_in(HELPERS, said)

    def answer(self, model: TrainedModel) -> list[str]:
        """`predict_rows`."""
        body = [f'"""{self.say("predictor.predict_rows")}"""']
        given = self.predicted().replace("predict(X, ", "predict(prepare(rows, first), ")
        body.append(f"p = np.asarray({given})" if not self.in_place else f"p = {given}")
        if not model.classes:
            value = "p[:, 0].astype(np.float64)"
            if model.is_scaled:
                deviation, mean = (numeral(number, "float64") for number in (model.deviation, model.mean))
                body.append(f"values = {value} * {deviation} + {mean}  # {self.say('predictor.units')}")
            else:
                body.append(f"values = {value}")
            body.append('return [{"prediction": value} for value in values.tolist()]')
        else:
            if self.program.prediction_steps[-1].shape[1] == 1:
                body.append(f"p = np.concatenate([1 - p, p], axis=1)  # {self.say('predictor.second')}")
            body.append(f'names = ["prediction", *(f"{model.kind}_{{label}}" for label in CLASSES)]')
            body.append("chosen = [CLASSES[j] for j in p.argmax(axis=1)]")
            body.append("return [dict(zip(names, (label, *values))) for label, values in zip(chosen, p.tolist())]")
        return ["def predict_rows(rows, first=1):", *(INDENT + line for line in body)]

    def program_lines(self, model: TrainedModel) -> list[str]:
        """The main program; texts that are not printable are shown escaped on a terminal."""
        digits = "9" if model.dtype == "float32" else "17"
        safe = all(label.isprintable() for label in model.classes)
        label = "answer.pop('prediction')" if safe else "shown(answer.pop('prediction'))"
        number = f'(f"{{value:.{digits}g}}" for value in answer.values())'
        said = {"SHOWN": f"[{label}, *{number}]".replace("'", '"'), "SHOW": self.say("predictor.shown")}
        if not model.classes:
            said |= {"SHOWN": f"[{number[1:-1]}]", "SHOWN_HEADER": '["prediction"]'}
        else:
            labels = "CLASSES" if safe else "map(shown, CLASSES)"
            said["SHOWN_HEADER"] = f'["prediction", *(f"{model.kind}_{{label}}" for label in {labels})]'
        return filled_in(MAIN if safe else SAFE + MAIN, said)


def filled_in(template: str, values: dict[str, str]) -> list[str]:
    for name, value in values.items():
        template = template.replace(f"@{name}@", value)
    return template.rstrip("\n").split("\n")


__all__ = ["NumberColumn", "PythonPredictors"]
