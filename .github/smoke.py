"""Does an installed wheel work? Run by the interpreter of an environment that has nothing but the wheel.

It finds the face in matplotlib's sample photo, in Python and by the command, and looks for the licence files.
"""

import json
import subprocess
import sys
from importlib.metadata import files
from pathlib import Path

from matplotlib.cbook import get_sample_data

from mtcnn_lite import Detector, read_image

photo = get_sample_data("grace_hopper.jpg", asfileobj=False)
faces = Detector().detect(read_image(photo))
assert len(faces) == 1, faces

command = Path(sys.executable).with_name("mtcnn-lite")
told = subprocess.run([command, "detect", photo, "--json"], capture_output=True, text=True, check=True).stdout
assert len(json.loads(told)["faces"]) == 1, told

shipped = {path.name: path for path in files("mtcnn_lite") or [] if "licenses" in path.parts}
assert {"LICENSE", "MODEL_CARD.md"} <= shipped.keys(), shipped
assert "research and teaching" in shipped["MODEL_CARD.md"].read_text()
print("the wheel works:", faces)
