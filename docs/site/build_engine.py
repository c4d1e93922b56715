"""Write engine.js, ONNX Runtime Web and our three nets as one script, so that a page opened from a file can load them,
and engine_zhang2016.js, the nets with the values that the authors of MTCNN released.

    python docs/site/build_engine.py site/_static

`npm ci` in docs/site comes first. Files are compressed with gzip and written as base64, the same bytes each time.
"""

import base64
import gzip
import json
import sys
import tempfile
from pathlib import Path

from mtcnn_lite import Detector
from mtcnn_lite.exporting import export

HERE = Path(__file__).parent
RUNTIME = HERE / "node_modules" / "onnxruntime-web" / "dist"
NETS = HERE.parents[1] / "mtcnn_lite" / "weights" / "onnx"
LICENCES = """\
// ONNX Runtime Web, copyright (c) Microsoft Corporation, MIT licence.
// The nets' weights, from mtcnn_lite, are for research and teaching, not for commercial use: see its model card."""
AUTHORS = "zhang2016"
AUTHORS_LICENCE = """\
// The values that Zhang, Zhang, Li and Qiao released in 2016, as the package mtcnn 1.0.0 has them, MIT licence,
// copyright (c) 2018 Iván de Paz Centeno."""


def packed(path: Path) -> str:
    """A file's bytes, compressed, as text."""
    return base64.b64encode(gzip.compress(path.read_bytes(), 9, mtime=0)).decode()


def nets_in(export_folder: Path) -> dict[str, object]:
    """The models of an export, packed, and its cascade.json."""
    cascade = json.loads((export_folder / "cascade.json").read_text(encoding="utf-8"))
    nets = {net: packed(export_folder / about["file"]) for net, about in cascade["nets"].items()}
    return {"nets": nets, "cascade": cascade}


def write_engine(folder: Path) -> Path:
    """Write engine.js, 7.5 MB, into a folder; returns its path. FileNotFoundError where `npm ci` has not run."""
    engine = {
        "runtime": (RUNTIME / "ort.wasm.min.js").read_text(encoding="utf-8"),
        "glue": (RUNTIME / "ort-wasm-simd-threaded.mjs").read_text(encoding="utf-8"),
        "wasm": packed(RUNTIME / "ort-wasm-simd-threaded.wasm"),
        **nets_in(NETS),
    }
    written = folder / "engine.js"
    written.write_text(f"{LICENCES}\nwindow.mtcnnLiteEngine = {json.dumps(engine)};\n", encoding="utf-8")
    return written


def write_authors(folder: Path) -> Path:
    """Write engine_zhang2016.js, 2.4 MB, into a folder; returns its path.

    Raises WeightsError where the package mtcnn is not installed (`pip install mtcnn_lite[reference]`).
    """
    with tempfile.TemporaryDirectory() as exported:
        export(Detector(AUTHORS), exported)
        nets = nets_in(Path(exported))
    written = folder / f"engine_{AUTHORS}.js"
    written.write_text(f"{AUTHORS_LICENCE}\nwindow.mtcnnLiteAuthors = {json.dumps(nets)};\n", encoding="utf-8")
    return written


if __name__ == "__main__":
    print(write_engine(Path(sys.argv[1])), write_authors(Path(sys.argv[1])))
