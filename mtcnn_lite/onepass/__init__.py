"""A one-pass detector beside the cascade: RetinaFace in small. One net looks at the photo once, at three depths.

`model` is the net, `encoding` what its answers mean, `look` runs it on photos, `trace` has the steps, in order, to the
faces. `training.onepass` trains it. `Detector("onepass")`, or a folder of weights, has the calls of any `Detector`.
"""
