"""Random input for everything that takes input from outside, one kind a module, each with `run(cases, seed)`.

`run` gives a line for each outcome that is neither right nor one clear error; an empty list is what must come.
"""
