"""The most memory that detection takes on a large photo, in a process of its own.

python benchmarks/memory.py                     # 8000x6000
python benchmarks/memory.py --size 4000x3000 --yardstick
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path


def peak_mb() -> float:
    """The largest resident size of this process so far, in MB (10^6 bytes)."""
    try:  # not ru_maxrss alone: Linux counts the parent's size at the fork into it
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    except (OSError, IndexError):
        import resource  # macOS: in bytes

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def child(width: int, height: int, min_face: float, plain: bool) -> None:
    import torch
    import yardstick
    from photos import compose

    from mtcnn_lite import Detector

    torch.set_num_threads(2)
    detector = Detector("zhang2016", min_face, mirror=False)
    nets = yardstick.plain(detector.nets)

    def detect(photo):
        return yardstick.detect(nets, photo, min_face) if plain else detector.detect(photo)

    detect(compose(320, 240))  # libraries allocate on first use
    photo = compose(width, height)
    before, started = peak_mb(), time.perf_counter()
    faces = detect(photo)
    seconds = time.perf_counter() - started
    print(json.dumps({"photo_mb": photo.nbytes / 1e6, "before_mb": before, "peak_mb": peak_mb(),
                      "faces": len(faces), "seconds": seconds}))  # fmt: skip


def measure(width: int, height: int, min_face: float = 20, plain: bool = False) -> dict[str, float]:
    """Peak memory before and after one detection on a composed photo, measured in a new process."""
    command = [sys.executable, __file__, "--size", f"{width}x{height}", "--min-face", str(min_face), "--child"]
    done = subprocess.run(command + ["--yardstick"] * plain, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="8000x6000", metavar="WxH")
    parser.add_argument("--min-face", type=float, default=20, metavar="PX")
    parser.add_argument("--yardstick", action="store_true", help="measure yardstick.py instead of Detector")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    if options.child:
        child(width, height, options.min_face, options.yardstick)
        return
    result = measure(width, height, options.min_face, options.yardstick)
    print(f"{'yardstick' if options.yardstick else 'Detector'}, {options.size}, min face {options.min_face:g}: "
          f"peak {result['peak_mb']:.0f} MB, of which {result['before_mb']:.0f} MB libraries, weights and the photo "
          f"({result['photo_mb']:.0f} MB); {result['faces']} faces in {result['seconds']:.1f} s")  # fmt: skip


if __name__ == "__main__":
    main()
