"""What keeps the pages under docs/ true: tables made from the code, examples that are run.

`python -m tests.docs` writes every generated part again: the tables of the reference, the messages
in docs/errors.md, the output of the commands in the pages.
"""
