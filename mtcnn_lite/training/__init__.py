"""Training a cascade: P-Net, then R-Net on what P-Net proposes, then O-Net on what both leave."""
