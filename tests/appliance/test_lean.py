import json
import subprocess
import sys

import pytest

LOADED = """
import dataclasses, gc, json, sys
from appliance import lean
if sys.argv[1] == "lean":
    lean.without_first_drafts()

from appliance.events import BuildQueued, say
from appliance.model.config import RouterConfig

@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = dataclasses.field(default=2, repr=False)
    next: "Point | None" = None

@dataclasses.dataclass(slots=True)
class Loop:
    to: object = None
    def __repr__(self):
        return "a loop"

def refused(act):
    try:
        act()
    except dataclasses.FrozenInstanceError as error:
        return str(error)

gc.collect()
one, loop = Point(1, next=Point(3)), Loop()
loop.to = loop
hidden = dataclasses.make_dataclass("Hidden", ["x"], repr=False)(1)
names = [c.__qualname__ for c in gc.get_objects()
         if isinstance(c, type) and dataclasses.is_dataclass(c)
         and c.__module__ in ("appliance.events", "__main__") and hasattr(c, "__slots__")]
event = BuildQueued("1", "s/ember", "ember")
print(json.dumps({
    "twice": len(names) - len(set(names)),
    "same": [
        repr(one), repr(loop), repr(event), say(event), repr(hidden).startswith("<"),
        one == Point(1, next=Point(3)), hash(one) == hash(Point(1, next=Point(3))),
        refused(lambda: setattr(one, "x", 4)), refused(lambda: delattr(one, "x")),
        dataclasses.asdict(dataclasses.replace(one, x=5)), one.__match_args__,
        dataclasses.asdict(event), RouterConfig.__dataclass_params__.frozen,
    ],
}))
"""


def loaded(how: str) -> dict[str, object]:
    words = [sys.executable, "-c", LOADED, how]
    told = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 0, told.stderr
    found: dict[str, object] = json.loads(told.stdout)
    return found


def test_a_lean_process_has_each_class_once_and_they_behave_the_same() -> None:
    plain, lean = loaded("plain"), loaded("lean")
    assert lean["same"] == plain["same"]
    assert lean["twice"] == 0
    if sys.version_info < (3, 12):
        assert plain["twice"] != 0


NO_TLS = """
from appliance.lean import without_tls
without_tls()
import asyncio, sys
print("_ssl" in sys.modules)
try:
    import ssl
except ImportError:
    print("none")
"""


def test_a_process_without_tls_runs_asyncio_all_the_same() -> None:
    words = [sys.executable, "-c", NO_TLS]
    told = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout.split() == ["False", "none"]


@pytest.mark.parametrize(("role", "has"), [("dhcp", "False"), ("dns", "True"), ("nobody", "False")])
def test_a_role_is_spared_tls_unless_it_speaks_it(role: str, has: str) -> None:
    text = f"import sys; from appliance.__main__ import lean; lean({role!r}); import asyncio; "
    words = [sys.executable, "-c", text + "print('_ssl' in sys.modules)"]
    told = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout.strip() == has
