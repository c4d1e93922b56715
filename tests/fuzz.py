"""Random input for everything that takes input from outside: python tests/fuzz.py --cases 10000

Prints, for each kind, how many cases it took, in how many seconds, and the outcomes that were neither right nor one
clear error. Exit status 1 where there is one. A smaller run of the same is in `make test-all`: tests/unit/test_fuzz.py.
"""

import argparse
import sys
import time
from importlib import import_module
from pathlib import Path

KINDS = ("detect", "settings", "functions", "readers", "images", "weights", "uploads")
SHOWN = 20  # outcomes of a kind that are printed


def main() -> int:
    """Run what the command line asks for."""
    sys.path.insert(0, str(Path(__file__).parent))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000, help="of each kind (default: 1000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other cases (default: 1)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="only these (default: all)")
    options = parser.parse_args()
    bad = 0
    for kind in options.kinds:
        start = time.perf_counter()
        found = import_module(f"fuzzing.{kind}").run(options.cases, options.seed)
        print(
            f"{kind:<10}{options.cases:>8,} cases, {time.perf_counter() - start:6.1f} s, {len(found)} unclear",
            flush=True,
        )
        print("".join(f"  {line}\n" for line in found[:SHOWN]), end="", flush=True)
        bad += len(found)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
