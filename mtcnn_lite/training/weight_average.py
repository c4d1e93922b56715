"""After a round of training: average its weights with those before it, and fit the landmark head to the average.

Between two sets of weights there is often a net better than either (Wortsman et al. 2022, "Robust fine-tuning of
zero-shot models", arXiv 2109.01903). Averaging improved our O-Net's scores and boxes but made its landmarks a tenth
worse. Refitting the landmark head restored them: it is linear, so least squares on the features of labelled faces
gives its weights directly. In a later round refitting did harm (docs/training_log.md has both).
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from mtcnn_lite.nets import normalise
from mtcnn_lite.sampling.store import Store
from mtcnn_lite.training.batches import Batches

LANDMARK_SAMPLES = 64_000  # that the landmark head is fitted to, at least
RIDGE = 1e-5  # of the features' mean square: without it, two equal features would leave no unique solution


def average_weights(net: nn.Module, before: Mapping[str, Tensor], share: float) -> None:
    """Replace each of the net's weights, in place, by a weighted mean of it and an earlier one.

    Parameters
    ----------
    net : Module
        The net after training.
    before : mapping of str to Tensor
        The state dict of the same net before training.
    share : float
        Weight of `before` in the mean, 0 to 1.

    Examples
    --------
    >>> net = nn.Linear(1, 1, bias=False)
    >>> _ = net.load_state_dict({"weight": torch.tensor([[4.0]])})
    >>> average_weights(net, {"weight": torch.tensor([[8.0]])}, 0.25)
    >>> net.weight.item()
    5.0
    """
    net.load_state_dict({name: torch.lerp(value, before[name], share) for name, value in net.state_dict().items()})


def refit_landmark_head(net: nn.Module, stores: Sequence[Store], size: int, seed: int) -> None:
    """Fit the landmark head, in place, to landmark samples by least squares; the other layers stay as they are.

    Half of the samples are mirrored, all are recoloured. Computed in float64: the same samples give the same head.

    Parameters
    ----------
    net : Module
        P-Net, R-Net or O-Net with a landmark head.
    stores : sequence of Store
        Where the samples come from.
    size : int
        Samples that pass through the net at a time.
    seed : int
        Of the samples' order and augmentation.
    """
    batches = Batches(stores, size, (0, 0, 0, 1), seed)
    head, inputs = net.landmarks, list[Tensor]()
    assert isinstance(head, nn.Linear | nn.Conv2d)
    count = head.weight[0].numel() + 1
    squares, products = torch.zeros(count, count, dtype=torch.float64), torch.zeros(count, 10, dtype=torch.float64)
    hook = head.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    for step in range(-(-LANDMARK_SAMPLES // size)):
        batch = batches(step)
        with torch.no_grad():
            net(normalise(batch.crops))
        features = inputs.pop().flatten(1).double()  # (N, count - 1)
        features = torch.cat([features, features.new_ones(len(features), 1)], dim=1)
        squares += features.T @ features
        products += features.T @ batch.landmarks.double()
    hook.remove()
    ridge = RIDGE * squares.diagonal().mean() * torch.eye(count, dtype=torch.float64)
    solution = torch.linalg.solve(squares + ridge, products).T  # (10, count)
    with torch.no_grad():
        head.weight.copy_(solution[:, :-1].view_as(head.weight))
        assert head.bias is not None
        head.bias.copy_(solution[:, -1])
