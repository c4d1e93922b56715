"""Write engine.js: ONNX Runtime Web and the three nets as one script, so that a page opened from a file can load them.

    python docs/site/build_engine.py site/_static

`npm ci` in docs/site comes first. Files are compressed with gzip and written as base64, the same bytes each time.
"""

import base64
import gzip
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
RUNTIME = HERE / "node_modules" / "onnxruntime-web" / "dist"
NETS = HERE.parents[1] / "mtcnn_lite" / "weights" / "onnx"
LICENCES = """\
// ONNX Runtime Web, copyright (c) Microsoft Corporation, MIT licence.
// The nets' weights, from mtcnn_lite, are for research and teaching, not for commercial use: see its model card."""


def packed(path: Path) -> str:
    """A file's bytes, compressed, as text."""
    return base64.b64encode(gzip.compress(path.read_bytes(), 9, mtime=0)).decode()


def write_engine(folder: Path) -> Path:
    """Write engine.js, 7.5 MB, into a folder; returns its path. FileNotFoundError where `npm ci` has not run."""
    cascade = json.loads((NETS / "cascade.json").read_text(encoding="utf-8"))
    engine = {
        "runtime": (RUNTIME / "ort.wasm.min.js").read_text(encoding="utf-8"),
        "glue": (RUNTIME / "ort-wasm-simd-threaded.mjs").read_text(encoding="utf-8"),
        "wasm": packed(RUNTIME / "ort-wasm-simd-threaded.wasm"),
        "nets": {net: packed(NETS / about["file"]) for net, about in cascade["nets"].items()},
        "cascade": cascade,
    }
    written = folder / "engine.js"
    written.write_text(f"{LICENCES}\nwindow.mtcnnLiteEngine = {json.dumps(engine)};\n", encoding="utf-8")
    return written


if __name__ == "__main__":
    print(write_engine(Path(sys.argv[1])))
