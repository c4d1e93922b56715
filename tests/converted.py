"""Notebooks without the frame of CONTRIBUTING's "How a chapter is built" so far. The list only gets shorter."""

UNCONVERTED = {
    "08_hard_mining",
    "10_evaluation",
    "11_limits",
    "12_recognition",
}
