"""What a field may hold, written once and read twice: by pydantic and by `read.py`.

No pydantic here: packet roles read the same classes without loading it.  pydantic finds the limits
through `__get_pydantic_core_schema__`, which it asks of any annotation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STRICT: Mapping[str, str] = {"extra": "forbid"}
"""For `__pydantic_config__`: unknown keys are refused."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The whole text matches `pattern`; `like` is an example for the sentence."""

    pattern: str
    like: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return {**handler(source), "pattern": f"^(?:{self.pattern})$"}


@dataclass(frozen=True, slots=True)
class Between:
    """A whole number, both ends included."""

    first: int
    last: int

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return {**handler(source), "ge": self.first, "le": self.last}
