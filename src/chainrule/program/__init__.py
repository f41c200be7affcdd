"""The intermediate representation: array expressions, the op table, named steps and the passes over them.

Standard library only. Read in this order: `expr`, `ops`, `text`, `steps`, `reverse`, `simplify`, `condense`, `verify`.
"""
