"""Training samples: which windows of a labelled photo a net learns from, and their targets."""
