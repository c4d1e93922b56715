"""Properties that are computed once."""

from collections.abc import Callable
from threading import RLock
from typing import Any, Generic, Protocol, Self, TypeVar, overload

Value = TypeVar("Value")


class Locked(Protocol):
    """What has `once` properties: `lock` is held while one of them is computed."""

    @property
    def lock(self) -> RLock: ...


class once(Generic[Value]):
    """A property that is computed when it is first asked for, and once, also where several threads ask.

    `functools.cached_property` does that until Python 3.12 with one lock for all objects of a class: threads that look
    at different photos would wait for one another.
    """

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self.compute, self.__doc__ = compute, compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, instance: Locked, owner: type | None = None) -> Value: ...
    def __get__(self, instance: Locked | None, owner: type | None = None) -> Self | Value:
        if instance is None:
            return self
        with instance.lock:
            computed = vars(instance)  # where Python looks first from then on
            if self.name not in computed:
                computed[self.name] = self.compute(instance)
            value: Value = computed[self.name]
            return value
