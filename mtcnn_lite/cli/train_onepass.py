"""`mtcnn-lite train --model onepass`: labelled photos to the weights of a one-pass detector."""

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from typing import TYPE_CHECKING

from mtcnn_lite.cli.settings import FAILED, read_data
from mtcnn_lite.training.plan import FINETUNING_RATE

if TYPE_CHECKING:
    from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

OF_A_CASCADE = ("paper", "stage", "stages")  # options


def train_onepass_net(
    options: argparse.Namespace, thinned: "Callable[[list[LabelledPhoto]], list[LabelledPhoto]]"
) -> int:
    """Read the photos, train, and return the exit status.

    Parameters
    ----------
    options : Namespace
        Those of the command.
    thinned : function
        Leaves out the photos that --keep leaves out.
    """
    for name in OF_A_CASCADE:
        if getattr(options, name):
            options.error(f"--{name} is for --model cascade: a one-pass net has one stage")
    import torch

    from mtcnn_lite.images import ImageError
    from mtcnn_lite.onepass.weights import load_onepass
    from mtcnn_lite.training.distributed import process_group_from_env
    from mtcnn_lite.training.onepass.plan import FOCAL, HARD, OnePassPlan
    from mtcnn_lite.training.onepass.train import train_onepass
    from mtcnn_lite.training.run_folder import RunError
    from mtcnn_lite.weights import nets_of

    usual = OnePassPlan(imbalance=FOCAL if options.focal else HARD)
    rate = options.rate if options.rate is not None else FINETUNING_RATE if options.start else 1.0
    for name, share in (("steps", options.steps), ("rate", rate)):
        if not 0 < share <= 1e6:
            options.error(f"--{name} is {share}; it must be a share above 0, at most 1,000,000")
    plan = replace(usual, steps=max(1, round(usual.steps * options.steps)), rate=usual.rate * rate)
    try:
        start = load_onepass(options.start)[0] if options.start else None
        teacher = nets_of(options.teacher) if options.teacher else None
    except ValueError as error:  # a WeightsError
        options.error(str(error))
    processes, device = process_group_from_env(options.device)
    with open(os.devnull, "w") as nowhere, redirect_stdout(sys.stdout if processes.is_main else nowhere):
        try:
            photos = thinned(read_data(options, processes.from_main))
            if options.keep:
                print(f"\nkept: {len(photos):,} photos")
            train_onepass(photos, options.out, options.seed, plan, start, teacher, options.resume, device, processes,
                          progress=sys.stderr.isatty())  # fmt: skip
        except (ImageError, RunError, ValueError) as error:
            print(f"error: {error}", file=sys.stderr)
            return FAILED
        print(f"\nweights in {options.out / 'weights'}")
    if processes.size > 1:
        torch.distributed.destroy_process_group()
    return 0
