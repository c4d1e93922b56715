"""Distributed training: `torchrun` starts several processes, and each computes a part of every batch."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, cast

import torch
from torch import Tensor, distributed

Result = TypeVar("Result")

TIMEOUT = timedelta(days=2)  # how long the other processes wait while the main one cuts samples


@dataclass(frozen=True)
class ProcessGroup:
    """The processes that train together: this one is number `rank` of `size`.

    Only the main process, number 0, writes files and prints.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def barrier(self) -> None:
        """Wait until all processes have come here."""
        if self.size > 1:
            distributed.barrier()

    def from_main(self, work: Callable[[], Result]) -> Result:
        """What `work()` gives in the main process, in every process; the others only wait. It must be picklable."""
        if self.size == 1:
            return work()
        held = [work() if self.is_main else None]
        distributed.broadcast_object_list(held)
        return cast(Result, held[0])

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor, in place, by its mean over all processes (all-reduce)."""
        if self.size > 1:
            together = torch.cat([tensor.flatten() for tensor in tensors])
            distributed.all_reduce(together)
            means = (together / self.size).split([tensor.numel() for tensor in tensors])  # type: ignore[no-untyped-call]
            for tensor, mean in zip(tensors, means, strict=True):
                tensor.copy_(mean.view(tensor.shape))


SINGLE_PROCESS = ProcessGroup()


def process_group_from_env(device: str) -> tuple[ProcessGroup, str]:
    """The group that torchrun's environment variables describe, and the device that this process should use.

    Without torchrun: a group of one, and `device` as it is.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return SINGLE_PROCESS, device
    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=TIMEOUT)
    return ProcessGroup(distributed.get_rank(), size), device
