"""Grading: the exercises' judges, run on the functions in notebooks and Python files, each in a process of its own.

`submission` finds and loads the functions, `worker` judges them in its process, `runner` keeps those processes within
their limits, `report` writes down what came out. `adapters` gives the judges to otter-grader and nbgrader.
"""
