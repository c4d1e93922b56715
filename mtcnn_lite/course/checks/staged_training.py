"""The judge of `staged_training`: which net learns from which windows, and in what order."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from mtcnn_lite.course.checks.judge import Case, Function, Hints, Judge, Verdict


def staged_training(fn: Function) -> Verdict:
    """Judges `fn(train, propose, photos) -> (pnet, rnet, onet)`: three nets, each trained on the right windows.

    `propose(nets, photos)` gives windows of all these photos: at random where `nets` is empty, else those that the
    nets, one after another, let through. `train(name, windows)` gives a net, trained on them; its name is "pnet",
    "rnet" or "onet". Each net is trained once, on the windows that it will meet in use. The judge's own `train` and
    `propose` only note what they are asked for.

    >>> staged_training(lambda train, propose, photos: []).hint
    'Three nets are wanted: return pnet, rnet, onet.'
    """
    return JUDGE.verdict(_telling(fn) if callable(fn) else fn)


class _Windows(str):
    """Windows, as words that say where they come from."""


class _Net(str):
    """A net, as words that say what it has learned from."""

    name: str


class _Train:
    """`train`, which notes how often a net of each name was asked for."""

    def __init__(self) -> None:
        self.trained: list[str] = []

    def __call__(self, name: str, windows: Any) -> _Net:
        if name not in ("pnet", "rnet", "onet"):
            raise ValueError(f'train({name!r}, ...): the name is "pnet", "rnet" or "onet"')
        if not isinstance(windows, _Windows):
            raise TypeError(f"train({name!r}, ...) was given a {type(windows).__name__}: give it what propose returned")
        self.trained.append(name)
        again = "" if self.trained.count(name) == 1 else f" (training {self.trained.count(name)})"
        net = _Net(f"{name}{again} on {windows}")
        net.name = f"{name}{again}"
        return net

    def __repr__(self) -> str:
        return "train"


class _Propose:
    """`propose`, which notes whose windows were asked for."""

    def __call__(self, nets: Sequence[_Net], photos: Sequence[str]) -> _Windows:
        if isinstance(nets, _Net) or not all(isinstance(net, _Net) for net in nets):
            raise TypeError("propose(nets, photos): nets is a list of what train returned, [] for random windows")
        whose = ", ".join(net.name for net in nets)
        kind = f"what {whose} let{'s' * (len(nets) == 1)} through" if nets else "random windows"
        return _Windows(f"{kind}, of {len(photos)} photos")

    def __repr__(self) -> str:
        return "propose"


def _telling(fn: Function) -> Function:
    """The reader's function, with its nets' words as the answer."""

    @wraps(fn)
    def told(train: Any, propose: Any, photos: Any) -> Any:
        nets = fn(train, propose, photos)
        if not isinstance(nets, tuple | list):
            return nets
        return "; ".join(str(net) for net in nets)

    return told


def _right(train: Any, propose: Any, photos: Any) -> Any:
    pnet = train("pnet", propose([], photos))
    rnet = train("rnet", propose([pnet], photos))
    return pnet, rnet, train("onet", propose([pnet, rnet], photos))


def _wrong(
    second: Callable[..., Any] = lambda p: [p],
    third: Callable[..., Any] = lambda p, r: [p, r],
    some: Callable[[Any], Any] = lambda photos: photos,
    order: Callable[..., Any] = lambda p, r, o: (p, r, o),
) -> Function:
    """A training in which R-Net's or O-Net's windows come from other nets, or from other photos."""

    def wrong(train: Any, propose: Any, photos: Any) -> Any:
        pnet = train("pnet", propose([], photos))
        rnet = train("rnet", propose(second(pnet), some(photos)))
        return order(pnet, rnet, train("onet", propose(third(pnet, rnet), some(photos))))

    return _telling(wrong)


def _trained_again(train: Any, propose: Any, photos: Any) -> Any:
    pnet, rnet, _ = _right(train, propose, photos)
    pnet = train("pnet", propose([], photos))
    return pnet, train("rnet", propose([pnet], photos)), train("onet", propose([pnet, rnet], photos))


def _anew_for_each(train: Any, propose: Any, photos: Any) -> Any:
    def pnet() -> Any:
        return train("pnet", propose([], photos))

    def rnet() -> Any:
        return train("rnet", propose([pnet()], photos))

    return pnet(), rnet(), train("onet", propose([pnet(), rnet()], photos))


def _all_on_pnets(train: Any, propose: Any, photos: Any) -> Any:
    pnet = train("pnet", propose([], photos))
    windows = propose([pnet], photos)
    return pnet, train("rnet", windows), train("onet", windows)


_HINTS: Hints = {
    "All three learn from random windows. R-Net never meets those in use: it meets what P-Net lets through, the hard "
    "ones among them.": _wrong(lambda p: [], lambda p, r: []),
    "R-Net learns from random windows. In use it meets what P-Net lets through: propose([pnet], photos).": _wrong(
        lambda p: []
    ),
    "O-Net learns from random windows. In use it meets what P-Net and R-Net let through.": _wrong(
        third=lambda p, r: []
    ),
    "O-Net learns from P-Net's windows. In use R-Net stands between them: propose([pnet, rnet], photos).": (
        _wrong(third=lambda p, r: [p]),
        _telling(_all_on_pnets),
    ),
    "O-Net's windows come from R-Net alone. R-Net proposes nothing by itself: it looks at what P-Net let through.": (
        _wrong(third=lambda p, r: [r])
    ),
    "The nets look in the wrong order: P-Net first, then R-Net.": _wrong(third=lambda p, r: [r, p]),
    "R-Net and O-Net learn from the first photo alone. propose takes all of them.": _wrong(
        some=lambda photos: photos[:1]
    ),
    "The nets came back in another order: pnet, rnet, onet.": (
        _wrong(order=lambda p, r, o: (o, r, p)),
        _wrong(order=lambda p, r, o: (r, o, p)),
    ),
    "A net was trained more than once, and the later nets meet another P-Net than the one that you return.": (
        _telling(_trained_again),
        _telling(_anew_for_each),
    ),
    "Three nets are wanted: return pnet, rnet, onet.": (
        _wrong(order=lambda p, r, o: []),
        _wrong(order=lambda p, r, o: [o]),
        _wrong(order=lambda p, r, o: [p, r]),
    ),
}

_SHAPE = "propose takes a list of nets and the photos; train takes a name and what propose returned."
_CASES = (
    Case("two photos", (_Train(), _Propose(), ("a", "b")), _SHAPE),
    Case("three photos", (_Train(), _Propose(), ("a", "b", "c")), _SHAPE),
)

JUDGE = Judge("staged_training", ("train", "propose", "photos"), _telling(_right), _CASES, _HINTS)
