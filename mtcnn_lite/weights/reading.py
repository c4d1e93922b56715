"""Files of weights, read whole and checked, whatever they hold."""

import hashlib
from pathlib import Path

LARGEST = 16 << 20  # bytes of a file that is read at all: ten times the largest net
COMPLETE = "a folder of weights holds pnet, rnet and onet.safetensors"


class WeightsError(ValueError):
    """Weights that are missing or don't fit; the message names the file and the tensor."""


def read_bytes(path: Path, advice: str, sha256: str | None = None) -> bytes:
    """What a file of weights holds.

    Parameters
    ----------
    path
        The file. Up to `LARGEST` bytes are read.
    advice
        What to do where it is missing or another; ends the message.
    sha256
        The SHA-256 that its bytes must have, as 64 hexadecimal digits; None for any.

    Raises
    ------
    WeightsError
        Where it is missing, can't be read, is too large or is another.
    """
    if not path.is_file():  # a named pipe is none: it would be waited for
        raise WeightsError(f"{path}: no such file; {advice}")
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise WeightsError(f"{path}: can't be read ({error})") from None
    if len(data) > LARGEST:
        raise WeightsError(f"{path}: larger than {LARGEST >> 20} MiB; {advice}")
    if sha256 and (found := hashlib.sha256(data).hexdigest()) != sha256:
        raise WeightsError(f"{path}: its SHA-256 is {found}; it must be {sha256}: {advice}")
    return data
