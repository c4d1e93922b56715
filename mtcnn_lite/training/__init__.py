"""Training a cascade: P-Net, then R-Net on what P-Net proposes, then O-Net on what both let through.

Start with `stages.train_cascade`; `plan` has every number.
"""
