"""Notebooks without the frame of CONTRIBUTING's "How a chapter is built" so far. The list only gets shorter."""

UNCONVERTED = {}
