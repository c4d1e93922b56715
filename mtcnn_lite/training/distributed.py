"""The processes that train together: `torchrun` starts them, each computes a part of every batch."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed

PATIENCE = timedelta(days=2)  # how long the others wait while the first one cuts samples


@dataclass(frozen=True)
class Team:
    """This process is number `rank` of `size`. Only the first one writes files and prints."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def wait(self) -> None:
        """Until all processes have come here."""
        if self.size > 1:
            distributed.barrier()

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Each tensor becomes, in place, its mean over all processes: the same everywhere."""
        if self.size > 1:
            together = torch.cat([tensor.flatten() for tensor in tensors])
            distributed.all_reduce(together)
            means = (together / self.size).split([tensor.numel() for tensor in tensors])  # type: ignore[no-untyped-call]
            for tensor, mean in zip(tensors, means, strict=True):
                tensor.copy_(mean.view(tensor.shape))


ALONE = Team()


def team_of_torchrun(device: str) -> tuple[Team, str]:
    """The team that torchrun's environment describes (alone without torchrun), and this process's own device."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return ALONE, device
    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=PATIENCE)
    return Team(distributed.get_rank(), size), device
