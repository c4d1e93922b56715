"""The three nets, in the order in which the cascade runs them: their names in code, and what is known without torch."""

NET_NAMES = ("pnet", "rnet", "onet")
NET_TITLES = {"pnet": "P-Net", "rnet": "R-Net", "onet": "O-Net"}  # as a reader knows them
NET_SIZES = {"pnet": 12, "rnet": 24, "onet": 48}  # px: the side of the windows that each reads
