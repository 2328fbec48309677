"""An exception of the learner's script, explained by its cause: by the state of the variables it met, not by its text.

Texts differ between versions of a library, and the same text has several causes. state.py (where it happened, and what
the variables were), operands.py (what failed worked on), backward.py, parameters.py, arguments.py (causes), explain.py
(the first that knows).
"""
