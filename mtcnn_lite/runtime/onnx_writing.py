"""A module of torch as the bytes of an ONNX model, by torch's own exporter."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import Any

import torch
from torch import Tensor, nn

CLOSE = 1e-5  # of torch's answers, or of the largest where that is over 1


class ExportError(RuntimeError):
    """A model that is not written: a package is missing, or the model says other than torch does."""


def onnx_model(
    name: str, module: nn.Module, example: Tensor, sizes: Mapping[int, Any], outputs: Sequence[str], opset: int
) -> bytes:
    """The module as an ONNX file's bytes, checked for being one.

    Parameters
    ----------
    name : str
        Of the net, for errors.
    module : Module
        In evaluation mode; its one input is "images".
    example : Tensor
        Such an input.
    sizes : mapping
        The axes of the input that may have another length, each a `torch.export.Dim`.
    outputs : sequence of str
        Names of what the module returns.
    opset : int
        Version of ONNX's operators.

    Raises
    ------
    ExportError
        Where torch's exporter fails, or writes what is no model.
    """
    import onnx

    with _quiet():
        try:
            program = torch.onnx.export(
                module, (example,), dynamo=True, dynamic_shapes=(dict(sizes),), input_names=["images"],
                output_names=list(outputs), opset_version=opset, external_data=False, verbose=False,
            )  # fmt: skip
        except Exception as error:  # its errors have no class of their own
            raise ExportError(f"{name}.onnx: torch's exporter failed ({_first_line(error)})") from error
        assert program is not None
        model = program.model_proto
    for node in model.graph.node:  # where in which file each was called: of no use, and another on each machine
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    written = {entry.domain: entry.version for entry in model.opset_import}
    if written.get("") != opset:
        raise ExportError(f"{name}.onnx: torch's exporter wrote opset {written.get('')} in place of {opset}")
    try:
        onnx.checker.check_model(model, full_check=True)
    except onnx.checker.ValidationError as error:
        raise ExportError(f"{name}.onnx: onnx.checker refuses it ({_first_line(error)})") from error
    return model.SerializeToString(deterministic=True)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's notes on packages that the nets don't use, and on its own future."""
    logs = {log: log.level for log in map(logging.getLogger, ("torch.onnx", "onnxscript"))}
    for log in logs:
        log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for log, level in logs.items():
            log.setLevel(level)
