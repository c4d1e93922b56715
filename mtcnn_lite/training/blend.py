"""After a round: the mean of the weights before it and after it, and a landmark head that fits the mean.

Between the two lies often a net that is better than either (Wortsman et al. 2022, "Robust fine-tuning of zero-shot
models", arXiv 2109.01903). Scores and boxes of our O-Net gained by it, landmarks lost a tenth. They came back when the
head was solved for anew, for it is linear: least squares on what the layers below make of labelled faces. In a later
round solving did harm (data/MODEL_CARD.md has both).
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from mtcnn_lite.nets import normalise
from mtcnn_lite.sampling.store import Store
from mtcnn_lite.training.batches import Batches

FACES = 64_000  # that the landmark head is solved on, at least
RIDGE = 1e-5  # of the features' mean square: two features that say the same would have no solution


def blend(net: nn.Module, before: Mapping[str, Tensor], share: float) -> None:
    """Make each of the net's weights, in place, `share` of the one before and else what it is.

    >>> net = nn.Linear(1, 1, bias=False)
    >>> net.load_state_dict({"weight": torch.tensor([[4.0]])}) and blend(net, {"weight": torch.tensor([[8.0]])}, 0.25)
    >>> net.weight.item()
    5.0
    """
    net.load_state_dict({name: torch.lerp(value, before[name], share) for name, value in net.state_dict().items()})


def refit_landmarks(net: nn.Module, stores: Sequence[Store], size: int, seed: int) -> None:
    """Solve for the landmark head, in place, on landmark samples of `stores`, `size` at a time.

    Half of them are mirrored, all recoloured. The other layers stay as they are. Least squares in float64: the same
    samples give the same head.
    """
    batches = Batches(stores, size, (0, 0, 0, 1), seed)
    head, seen = net.landmarks, list[Tensor]()
    assert isinstance(head, nn.Linear | nn.Conv2d)
    count = head.weight[0].numel() + 1
    squares, products = torch.zeros(count, count, dtype=torch.float64), torch.zeros(count, 10, dtype=torch.float64)
    watch = head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    for step in range(-(-FACES // size)):
        batch = batches(step)
        with torch.no_grad():
            net(normalise(batch.crops))
        features = seen.pop().flatten(1).double()  # (N, count - 1)
        features = torch.cat([features, features.new_ones(len(features), 1)], dim=1)
        squares += features.T @ features
        products += features.T @ batch.landmarks.double()
    watch.remove()
    ridge = RIDGE * squares.diagonal().mean() * torch.eye(count, dtype=torch.float64)
    solved = torch.linalg.solve(squares + ridge, products).T  # (10, count)
    with torch.no_grad():
        head.weight.copy_(solved[:, :-1].view_as(head.weight))
        assert head.bias is not None
        head.bias.copy_(solved[:, -1])
