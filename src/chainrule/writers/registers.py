"""The loop over steps of a network that fits into vector registers: `train` of the lanes kernel set.

Weights and what the optimizer remembers stay in registers from step to step, and no function is called. Rows are taken
LANES at a time. A layer of several units has a vector a row, its units in the lanes; a layer of one unit has a single
vector, the rows in its lanes: lanes are added up only where several units meet one, or the transpose of their weights.
Lanes and rows that stand for nothing are masked where lanes or rows are summed, and nowhere else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..program.expr import Call, Expr, Name, walk
from ..program.ops import Shape
from .elements import INDENT, Scope
from .lane_blocks import LANES
from .lines import braced
from .lowering import ACCUMULATOR, Contraction, Nest, Reduction, leaves, lower

if TYPE_CHECKING:
    from .lanes import LanesCWriter

MOST_VECTORS = 20  # of weights and slots: with more of them, going through memory as other kernels do is quicker

ROWS = "UNROLL for (int n = 0; n < LANES; n++)"


class NoRoomError(Exception):
    """Why a program is not for registers."""


def single(shape: Shape) -> bool:
    """Whether it is one number: a scalar, the bias of a single unit, the weight between two."""
    return all(n == 1 for n in shape)


def unrolled(index: str, extent: str) -> str:
    return f"UNROLL for (int {index} = 0; {index} < {extent}; {index}++)"


class Registers:
    """Writes the step of a program in registers, once.

    before      lines in front of the loop over steps      after       those behind it
    step        one step on N rows, `X_batch` and `y_batch`

    Raises
        NoRoomError: the program is too large, or has steps that are not written like this.
    """

    def __init__(self, writer: LanesCWriter) -> None:
        self.writer, self.program = writer, writer.program
        program = self.program
        if writer.keep or writer.weights or program.masks or set(program.inputs) != {"X", "y"}:
            raise NoRoomError
        self.held = {**program.parameters, **program.state}
        self.shapes: dict[str, Shape] = {name: variable.shape for name, variable in self.held.items()}
        self.shapes |= dict(program.inputs)
        if sum(self.vectors(variable.shape) for variable in self.held.values()) > MOST_VECTORS:
            raise NoRoomError
        lowered = lower(program, program.training_steps, {program.loss})
        nests = [part for nest in lowered.nests for part in (nest, nest.beside) if part is not None]
        self.later: set[str] = set()  # what is known only after all rows
        self.forward: list[str] = []  # lines for LANES rows
        self.update: list[str] = []  # lines after all rows
        self.sums: list[str] = []  # what is summed over the rows
        self.known: dict[str, int] = {}  # how many totals of an array there are
        self.totals: list[str] = []  # lines in front of the formula that is being written
        self.text = {name: self.held_text(name, variable.shape) for name, variable in self.held.items()}
        self.text |= {name: name for name in program.hyperparameters} | {"t": "(real)now", "N": "(real)N"}
        for nest in nests:
            self.nest(nest)
        used = {leaf.name for nest in nests for value in nest.expressions for leaf in leaves(value)}
        changed = {target for nest in nests for target in nest.targets}
        self.before = [f"const real {name} = h->{name};" for name in program.hyperparameters if name in used]
        self.before += [line for name, variable in self.held.items() for line in self.load(name, variable.shape)]
        self.after = [line for name in self.held if name in changed for line in self.save(name)]
        self.step = self.whole_step()

    # --- shapes ---

    def vectors(self, shape: Shape) -> int:
        """How many registers a weight matrix or bias takes; NoRoomError where it has no place in lanes."""
        if shape == ():
            return 1
        *rows, units = (int(n) for n in shape)
        if units > LANES or units == 2 or (rows and units == 1 and rows[0] > LANES):  # two units: half of the work idle
            raise NoRoomError
        return rows[0] if rows and units > 1 else 1

    @staticmethod
    def wide(shape: Shape) -> bool:
        """Whether there is a vector for each row, with units in the lanes."""
        return len(shape) == 2 and shape[1] != 1

    def filled(self, shape: Shape) -> int:
        """The lanes that stand for something: units, or the rows of a column of weights."""
        return int(shape[0] if self.column(shape) else shape[-1])

    @staticmethod
    def column(shape: Shape) -> bool:
        """Whether it is the weights of a single unit, in the lanes of one vector."""
        return len(shape) == 2 and shape[1] == 1

    def masked(self, shape: Shape, text: str) -> str:
        """0 in lanes that stand for nothing."""
        return text if self.filled(shape) == LANES else f"only({self.filled(shape)}, {text})"

    # --- what is held from step to step ---

    def held_text(self, name: str, shape: Shape) -> str:
        return f"{name}[k]" if self.wide(shape) else name

    def place(self, name: str) -> str:
        return f"{'w' if name in self.program.parameters else 'm'}->{name}"

    def load(self, name: str, shape: Shape) -> list[str]:
        place = self.place(name)
        if single(shape):
            return [f"real {name} = {place}[0];"]
        sizes = self.writer.symbols(name, shape)
        if not self.wide(shape):
            return [f"lanes {name} = loaded({place}, {sizes[0]});"]
        line = f"{name}[k] = loaded({place} + k * {sizes[1]}, {sizes[1]});"
        return [f"lanes {name}[{sizes[0]}];", *braced(unrolled("k", sizes[0]), [line])]

    def save(self, name: str) -> list[str]:
        shape, place = self.shapes[name], self.place(name)
        if single(shape):
            return [f"{place}[0] = {name};"]
        sizes = self.writer.symbols(name, shape)
        if not self.wide(shape):
            return [f"store({name}, {sizes[0]}, {place});"]
        return braced(unrolled("k", sizes[0]), [f"store({name}[k], {sizes[1]}, {place} + k * {sizes[1]});"])

    # --- a step ---

    def whole_step(self) -> list[str]:
        inputs = []
        for name in ("X", "y"):
            (_, width) = self.writer.symbols(name, self.shapes[name])
            row = "(n0 + least(n, used - 1))"
            if self.wide(self.shapes[name]):
                inputs.append((f"const real *{name}_row[LANES];", f"{name}_row[n] = {name}_batch + {row} * {width};"))
            else:
                inputs.append((f"lanes {name}_rows;", f"{name}_rows[n] = {name}_batch[{row[1:-1]}];"))
        head = [declaration for declaration, _ in inputs]
        head += braced(ROWS, [line for _, line in inputs])
        body = ["const int used = least(LANES, N - n0);  /* the last row stands for those beyond it */", *head]
        rows = braced("for (int n0 = 0; n0 < N; n0 += LANES)", [*body, *self.forward])
        return [*self.sums, *rows, *self.update, f"losses[i] = (double){self.text[self.program.loss]};"]

    def nest(self, nest: Nest) -> None:
        over_rows = nest.space[:1] == ("N",)
        if nest.rows or not (nest.core is None or isinstance(nest.core, Contraction | Reduction)):
            raise NoRoomError
        if over_rows:
            if set(nest.reads) & self.later:
                raise NoRoomError
            self.forward += self.told(nest, self.of_rows(nest))
        else:
            self.update += self.told(nest, self.of_weights(nest))
            self.later |= set(nest.targets) - set(self.held)
        self.shapes |= {target: nest.space for target in nest.targets if target}

    def told(self, nest: Nest, lines: list[str]) -> list[str]:
        """Lines under the formula that they compute."""
        above = self.writer.with_comment("", nest).strip()
        return [above, *lines] if above and len(lines) > 1 else lines

    def scope(self, space: Shape, **more: str) -> Scope:
        return Scope({}, {**self.text, **more}, (), space)

    def value(self, expr: Expr, space: Shape, **more: str) -> str:
        """An expression over a space, as a vector; as a number where the space is one."""
        self.check(expr, space)
        with self.writer.side_by_side(self.scope(space, **more), self.total_of):
            text = self.writer(expr)
        bare = all(single(leaf.shape) for leaf in leaves(expr))
        return f"all({text})" if bare and not single(space) else text

    def check(self, expr: Expr, space: Shape) -> None:
        """NoRoomError: an array of another layout, or anything that is not computed lane by lane."""
        for node in walk(expr) if not single(space) else ():
            if isinstance(node, Call) and not (node.row.elementwise or node.op == "full_like"):
                raise NoRoomError
            if isinstance(node, Name) and not single(node.shape):
                bias = self.wide(space) and node.shape == space[1:]
                if node.shape != space and not bias:
                    raise NoRoomError

    # --- values of rows ---

    def of_rows(self, nest: Nest) -> list[str]:
        space = nest.space
        if int(space[1]) > LANES:
            raise NoRoomError
        core, wide = nest.core, self.wide(space)
        body: list[str] = []
        more: dict[str, str] = {}
        if isinstance(core, Reduction):
            raise NoRoomError
        if isinstance(core, Contraction):
            body, summed = self.product_of_rows(core, space)
            uses = sum(leaf.name == ACCUMULATOR for _, value in nest.assignments for leaf in leaves(value))
            if uses > 1:
                body, summed = [*body, f"const lanes sum = {summed};"], ACCUMULATOR
            alone = nest.assignments[0][1] == Name(ACCUMULATOR, space) or not re.fullmatch(r"[^(]* \* [^(]*", summed)
            more = {ACCUMULATOR: summed if alone else f"({summed})"}
        for target, value in nest.assignments:
            text = self.value(value, space, **more, **self.inputs_of(value))
            body.append(f"{target}[n] = {text};" if wide else f"const lanes {target} = {text};")
            self.text[target] = f"{target}[n]" if wide else target
        if not wide:
            return body
        names = ", ".join(f"{target}[LANES]" for target in nest.targets)
        return [f"lanes {names};", *braced(ROWS, body)]

    def inputs_of(self, value: Expr) -> dict[str, str]:
        """X and y as vectors."""
        return {leaf.name: self.vector(leaf.name) for leaf in leaves(value) if leaf.name in ("X", "y")}

    def vector(self, name: str, row: str = "n") -> str:
        """The units of a row of a value, or its only unit in all rows."""
        shape = self.shapes[name]
        if name in ("X", "y"):
            if not self.wide(shape):
                return f"{name}_rows"
            if int(shape[1]) > LANES:
                raise NoRoomError
            return f"loaded({name}_row[{row}], {self.writer.symbols(name, shape)[1]})"
        return f"{name}[{row}]" if self.wide(shape) else name

    def number(self, name: str, row: str, unit: str) -> str:
        """One unit of a row."""
        if not self.wide(self.shapes[name]):
            return f"{self.vector(name)}[{row}]"
        return f"{name}_row[{row}][{unit}]" if name in ("X", "y") else f"{name}[{row}][{unit}]"

    def product_of_rows(self, core: Contraction, space: Shape) -> tuple[list[str], str]:
        """Values times weights, or their transpose: lines before, and the text of the sum."""
        left, right = core.left, core.right
        if left.transposed or self.shapes[left.name][:1] != ("N",) or right.name not in self.held:
            raise NoRoomError
        inside, W = self.shapes[left.name], right.name
        several, to_several = self.wide(inside), self.wide(space)
        if not several and not to_several:  # a number for each row, times a number
            return [], f"{self.vector(left.name)} * {W}"
        if not several:  # a single unit and weights in lanes
            return [], f"{self.number(left.name, 'n', '0')} * {W if right.transposed else f'{W}[0]'}"
        if to_several and not right.transposed:  # one unit after another, its weights in lanes
            line = f"sum += {self.number(left.name, 'n', 'k')} * {W}[k];"
            size = self.writer.symbols(W, self.shapes[W])[0]
            return ["lanes sum = {0};", *braced(unrolled("k", size), [line])], ACCUMULATOR
        if to_several:  # through the transpose: a sum over lanes for each unit
            weights = [f"{W}[{k}]" for k in range(int(space[1]))]
            products = [self.masked(inside, f"{self.vector(left.name)} * {each}") for each in weights]
            products += ["(lanes){0}"] * (LANES - len(products))
        else:  # to a single unit, all rows at once
            column = f"{W}[0]" if right.transposed else W
            products = [self.masked(inside, f"{self.vector(left.name, str(n))} * {column}") for n in range(LANES)]
        return [], f"sums({', '.join(products)})"

    # --- sums over rows, and what follows once ---

    def of_weights(self, nest: Nest) -> list[str]:
        core, space = nest.core, nest.space
        more: dict[str, str] = {}
        lines: list[str] = []
        if isinstance(core, Contraction):
            more[ACCUMULATOR] = self.gradient(core, nest)
        elif isinstance(core, Reduction):
            lines, more[ACCUMULATOR] = self.reduced(core, nest)
        wide = self.wide(space)
        body: list[str] = []
        declared: list[str] = []
        self.totals = lines
        for target, value in nest.assignments:
            if not target:
                continue
            if not single(space):
                self.vectors(space)
            text = self.value(value, space, **more)
            if target in self.held:
                self.check(value, space)
                with self.writer.side_by_side(self.scope(space, **more), self.total_of):
                    body.append(self.writer.assign(self.text[target], target, value))
                continue
            self.text[target] = f"{target}[k]" if wide else target
            kind = "real" if single(space) else "lanes"
            body.append(f"{self.text[target]} = {text};" if wide else f"const {kind} {target} = {text};")
            declared += [f"{target}[{self.writer.symbols(target, space)[0]}]"] if wide else []
        if wide:
            body = braced(unrolled("k", self.writer.symbols(nest.targets[0], space)[0]), body)
        return [*lines, *([f"lanes {', '.join(declared)};"] if declared else []), *body]

    def total_of(self, expr: Call) -> str:
        """The sum of all elements of an expression of one array of weights, in a formula: a number."""
        (inner,), shape = expr.args, expr.args[0].shape
        if expr.op != "sum" or "N" in shape:
            raise NoRoomError
        text = self.value(inner, shape)
        if single(shape):
            return f"({text})"
        if self.wide(shape):
            (array, *_) = (leaf.name for leaf in leaves(inner) if leaf.shape)
            self.known[array] = self.known.get(array, 0) + 1
            name = f"{array}_total" + (f"_{self.known[array]}" if self.known[array] > 1 else "")
            line = f"{name} += {text};"
            self.totals += [f"lanes {name} = {{0}};", *braced(unrolled("k", self.height(inner)), [line])]
            text = name
        return f"total({self.masked(shape, text)})"

    def height(self, expr: Expr) -> str:
        """How many rows of weights: the name of their number."""
        (name, *_) = (leaf.name for leaf in leaves(expr) if leaf.shape == expr.shape)
        return self.writer.symbols(name, expr.shape)[0]

    def own_sum(self, nest: Nest) -> str:
        return f"{nest.targets[0]}_sum"

    def gradient(self, core: Contraction, nest: Nest) -> str:
        """Adds up `values.T @ deltas` over the rows; returns the text of the sum."""
        left, right, name = core.left, core.right, self.own_sum(nest)
        if not left.transposed or right.transposed or self.shapes[left.name][:1] != ("N",):
            raise NoRoomError
        a, b, wide = left.name, right.name, self.wide(self.shapes[right.name])
        size = self.writer.symbols(a, self.shapes[a])[1]
        self.sums.append(f"lanes {name}[{size}] = {{{{0}}}};" if wide else f"lanes {name} = {{0}};")
        if not wide and not self.wide(self.shapes[a]):  # a single weight
            self.forward.append(f"{name} += only(used, {self.vector(a)} * {self.vector(b)});")
            return f"total({name})"
        used = f"{b}_used[n]"
        if not wide:
            self.forward.append(f"const lanes {b}_used = only(used, {self.vector(b)});")
            self.forward += braced(ROWS, [f"{name} += {self.vector(a)} * {used};"])
            return name
        self.forward.append(f"lanes {b}_used[LANES];")
        self.forward += braced(ROWS, [f"{used} = n < used ? {self.vector(b)} : (lanes){{0}};"])
        inner = braced(unrolled("k", size), [f"{name}[k] += {self.number(a, 'n', 'k')} * {used};"])
        self.forward += [ROWS, *(INDENT + line for line in inner)]
        return f"{name}[k]"

    def reduced(self, core: Reduction, nest: Nest) -> tuple[list[str], str]:
        """Adds up an expression; returns lines before, and the text of the sum."""
        shape, name = core.inner.shape, self.own_sum(nest)
        if core.op != "sum" or core.axis == 1:
            raise NoRoomError
        over_rows = shape[:1] == ("N",)
        if not over_rows:
            if core.axis is not None:
                raise NoRoomError
            if single(shape):
                return [], self.value(core.inner, shape)
            if not self.wide(shape):
                return [], f"total({self.masked(shape, self.value(core.inner, shape))})"
            line = f"{name} += {self.value(core.inner, shape)};"
            lines = [f"lanes {name} = {{0}};", *braced(unrolled("k", self.height(core.inner)), [line])]
            return lines, f"total({self.masked(shape, name)})"
        if set(nest.reads) & self.later:
            raise NoRoomError
        text = self.value(core.inner, shape, **self.inputs_of(core.inner))
        self.sums.append(f"lanes {name} = {{0}};")
        if not self.wide(shape):
            self.forward.append(f"{name} += only(used, {text});")
            return [], f"total({name})"
        self.forward += braced(ROWS, [f"{name} += n < used ? {text} : (lanes){{0}};"])
        return [], name if core.axis == 0 else f"total({self.masked(shape, name)})"


def held(writer: LanesCWriter) -> Registers | None:
    """The step of this writer's program in registers; None where it is not for them."""
    try:
        return Registers(writer)
    except NoRoomError:
        return None
