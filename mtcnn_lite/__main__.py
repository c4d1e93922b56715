"""`python -m mtcnn_lite`: the same as the script `mtcnn-lite`."""

import sys

from mtcnn_lite.cli import main

if __name__ == "__main__":
    sys.exit(main())
