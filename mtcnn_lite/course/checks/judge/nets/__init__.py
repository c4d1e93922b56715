"""What the judges of P-Net, R-Net and O-Net share. It needs torch, and is imported where a net is handed over.

`plans` has the three nets as functions, with the slips that a reader may make; `values` puts the real values into a
reader's module; `structure` says why they don't fit; `answers` reads what it gives; `net_judge` puts them together.
"""
