"""The formula book: layers, activations, losses, optimizers, penalties, schedules and initial values, as expressions.

Standard library only. Adding an activation, loss, optimizer, penalty or schedule is one row or one small class here.
"""
