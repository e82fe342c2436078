"""What a process of ours does without; each of them has a budget.  Say so before other imports."""

import dataclasses
import gc
import reprlib
import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from types import ModuleType
from typing import Any, Final, NoReturn, cast

DRAFTS: Final = 100  # that may lie about until they are collected, which takes some 20 ms
_drafts: Final = count(1)


def without_tls() -> None:
    """Spare a role that has nothing to do with TLS the library for it.

    asyncio and aiohttp load it where they can, and do without where there is none.
    """
    sys.modules["ssl"] = cast(ModuleType, None)


def without_first_drafts() -> None:
    """Let every slotted dataclass be there once, and all of them share one `__repr__`.

    Python makes such a class anew to give it slots, and the first one stays: the new one inherits
    its `__weakref__` (gh-102069) and, if frozen, two methods that name it.  They cost `web` 3 MB.
    """
    dataclasses.dataclass = cast(Any, partial(_dataclass, dataclasses.dataclass))


def _dataclass(
    made: Callable[..., Any], cls: type | None = None, /, *, repr: bool = True, **how: bool
) -> Any:
    if cls is None:
        return partial(_dataclass, made, repr=repr, **how)
    own = vars(cls).keys()
    new = made(cls, repr=False, **how)
    if repr and "__repr__" not in own:
        new.__repr__ = _shown
    if new is not cls:
        if "__weakref__" in vars(new) and vars(new)["__weakref__"].__objclass__ is cls:
            del new.__weakref__
        if how.get("frozen"):
            new.__setattr__, new.__delattr__ = _not_set, _not_deleted
        if not next(_drafts) % DRAFTS:
            gc.collect()  # else the next classes are put behind them, and the room is not used
    return new


@reprlib.recursive_repr()
def _shown(self: Any) -> str:
    fields = [
        f"{one.name}={getattr(self, one.name)!r}" for one in dataclasses.fields(self) if one.repr
    ]
    return f"{type(self).__qualname__}({', '.join(fields)})"


def _not_set(_self: object, name: str, _value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _not_deleted(_self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
