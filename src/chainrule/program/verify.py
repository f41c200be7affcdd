"""What always holds of a Program, checked after every pass."""

from __future__ import annotations

from .expr import Call, Expr, contractions, leaves_of, names, shape_of
from .expr import walk as nodes
from .ops import format_shape
from .steps import PHASES, Program, ProgramError, Step, Update


def verify(program: Program) -> Program:
    """The program itself, or ProgramError with the step and the rule that it breaks.

    Shapes fit and an adjoint has its value's shape; a name is assigned once, and before it is used; a parameter is read
    before its update and a slot is read by nothing after it but its own update; at most one contraction per step; the
    phases come in order.
    """
    known, updated = set[str](), set[str]()
    for name in ("N", "t", *program.inputs, *program.hyperparameters, *program.parameters, *program.state):
        require(name not in known, program.title, f"{name} has two meanings")
        known.add(name)
    variables = {**program.parameters, **program.state}
    check_order(program)
    shapes = {name: variable.shape for name, variable in variables.items()} | dict(program.inputs)
    for step in program.steps:
        own: set[str] = set()
        for target, expression in step.assignments:
            check_expression(step.name, expression)
            read = leaves_of(expression)
            if not read <= known or not read.isdisjoint(updated):
                for name in names(expression):
                    require(name in known, step.name, f"{name} is used before it is assigned")
                    require(name not in updated or name in own, step.name, f"{name} is read after its update")
            if isinstance(step, Update):
                require(target in variables, step.name, f"an update of {target}, which is no parameter and no state")
                require(target not in updated, step.name, f"{target} is updated twice")
                require(expression.shape == shapes[target], step.name, f"{target} changes its shape")
                own.add(target)
            else:
                require(target not in known, step.name, "assigned twice")
                shapes[target] = expression.shape
                known.add(target)
        updated |= own
        if isinstance(step, Step) and step.phase == "backward" and step.of and step.of in shapes:
            value = shapes[step.of]
            fits = step.shape == value
            require(fits, step.name, f"adjoint {format_shape(step.shape)} of {step.of} {format_shape(value)}")
    require(program.loss in known and program.prediction in known, program.title, "output or loss is never assigned")
    missing = set(program.trainable) - updated
    require(not missing, program.title, f"never updated: {', '.join(sorted(missing))}")
    check_prediction(program, program.prediction_steps, {"N", "X"}, program.prediction)
    check_prediction(program, program.evaluation_steps, {"N", "X", "y"}, "data_loss")
    return program


def check_order(program: Program) -> None:
    order = [PHASES.index(step.phase) for step in program.steps if step.phase != "observe"]
    require(order == sorted(order), program.title, "the phases are out of order")


def check_prediction(program: Program, steps: tuple[Step, ...], given: set[str], result: str) -> None:
    """The steps in prediction mode know no more than data, parameters and state, and come to a result."""
    known = {*given, *program.parameters, *program.state}
    for step in steps:
        check_expression(step.name, step.expression)
        unknown = leaves_of(step.expression) - known
        require(not unknown, step.name, f"prediction uses {', '.join(sorted(unknown))}")
        require(step.name not in known, step.name, "assigned twice in prediction")
        known.add(step.name)
    require(result in known, program.title, f"{result} is never predicted")


def check_expression(step: str, expression: Expr) -> None:
    """Shapes are those that the shape rules give, and there is at most one contraction."""
    require(contractions(expression) <= 1, step, "more than one contraction")
    for node in nodes(expression):
        if isinstance(node, Call) and shape_of(node.op, node.args, node.options) != node.shape:
            raise ProgramError(f"{step}: {node} has shape {format_shape(node.shape)}")


def require(holds: bool, step: str, message: str) -> None:
    if not holds:
        raise ProgramError(f"{step}: {message}")
