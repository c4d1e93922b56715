"""Does an installed wheel work? Run by the interpreter of an environment that has the wheel and no checkout.

It finds the face in a sample photo, in Python and by the command, looks for the licence files, and runs every command
once, in a folder that is thrown away. Without torch, it runs those that do without.
"""

import json
import subprocess
import sys
import tempfile
from importlib.metadata import files
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from mtcnn_lite import Detector, read_image

photo, torch, onnx = Path(sys.argv[1]), find_spec("torch"), find_spec("onnxscript")
faces = Detector().detect(read_image(photo))
assert len(faces) == 1, faces
box = [round(float(number), 1) for number in faces.boxes[0]]

shipped = {path.name: path for path in files("mtcnn_lite") or [] if "licenses" in path.parts}
assert {"LICENSE", "MODEL_CARD.md"} <= shipped.keys(), shipped
assert "research and teaching" in shipped["MODEL_CARD.md"].read_text()

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)

    def run(*arguments: str) -> list[str]:
        """A command's lines on standard output."""
        command = [Path(sys.executable).with_name("mtcnn-lite"), *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, (arguments, done.stderr)
        print("mtcnn-lite", *arguments)
        return done.stdout.splitlines()

    image = read_image(photo)
    (folder / "photos").mkdir()
    for copy in "ab":
        cv2.imwrite(str(folder / "photos" / f"{copy}.png"), np.ascontiguousarray(image[..., ::-1]))
    clip = cv2.VideoWriter(str(folder / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, image.shape[1::-1])
    for _ in range(10):
        clip.write(np.ascontiguousarray(image[..., ::-1]))
    clip.release()

    for workers in "12":
        found = [json.loads(line) for line in run("detect", "photos", "--workers", workers, "--json")]
        assert [len(row["faces"]) for row in found] == [1, 1], found
    assert len(run("detect", "clip.avi", "--every", "5", "--json", "--out", "seen")) == 2
    assert (folder / "seen" / "clip_faces.mp4").exists() or (folder / "seen" / "clip_faces.avi").exists()
    assert run("explain", "photos/a.png", "--box", ",".join(map(str, box)))[0].startswith("found")
    for kind in ("coco", "yolo", "voc", "jsonl"):
        run("label", "clip.avi", "--every", "0.5s", "--format", kind, "--out", kind)
    run("course", "faces")
    assert len([*(folder / "faces").glob("*.ipynb")]) == 14
    assert run("progress", "faces")[-1].startswith("0 of 34 exercises passed")
    if torch:
        run("evaluate", "--data", "jsonl")
        run("samples", "--data", "jsonl", "--net", "pnet", "--out", "cut")
        run("train", "--data", "jsonl", "--out", "run", "--steps", "0.0001")
        assert len(json.loads(run("detect", "photos/a.png", "--weights", "run/weights", "--json")[0])) > 0
    if torch and onnx:
        run("export", "--out", "onnx")
        assert len(json.loads(run("detect", "photos/a.png", "--weights", "onnx", "--json")[0])["faces"]) == 1
print("the wheel works:", faces)
