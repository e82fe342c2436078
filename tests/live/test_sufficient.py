"""What a build would take, said before it is begun: with a real daemon and a real cache."""

import os
import time
from collections.abc import Iterator

import pytest

from appliance.model.outlook import BAD, OK, Outlook
from appliance.store import outlooks
from services.nix.sufficiency import about
from tests.live.nix_place import NIX, Place, place
from tests.live.test_nix import flake
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place() as made:
        yield made


def foreseen(here: Place, host: str, part: str) -> Outlook:
    """What is said of a host, once `part` is in it."""

    def found() -> Outlook | None:
        told = (here.look(outlooks.outlooks) or {}).get(host)
        return told if told and any(part in one.what for one in told.needs) else None

    return until(found, f"{part!r} is said of {host}")


def test_a_build_that_was_timed_says_how_long_the_next_one_takes(here: Place) -> None:
    began = time.time()
    source = here.add(f"path:{here.flake('timed', flake('ember'))}")
    assert here.built(f"{source}/ember").state == "built"
    told = foreseen(here, f"{source}/ember", "Its last builds took")
    (timing,) = here.look(outlooks.timings)
    assert (told.short, told.kind) == (f"{about(timing.seconds)} here", OK)
    assert (timing.builder, timing.whole, timing.derivations > 0) == ("", True, True)
    assert 0 < timing.seconds < time.time() - began


def test_an_evaluation_says_what_it_held(here: Place) -> None:
    source = here.add(f"path:{here.flake('held', flake('ember'))}")
    told = foreseen(here, f"{source}/ember", "to evaluate")
    assert any("MiB to evaluate; this router has" in one.what for one in told.needs)


def test_a_host_for_another_processor_says_that_it_needs_a_builder(here: Place) -> None:
    source = here.add(f"path:{here.flake('foreign', flake('foreign'))}")
    told = foreseen(here, f"{source}/foreign", "It needs a builder")
    assert told.short == "needs a builder for riscv64-linux"
    assert (told.kind, told.needs[0].link) == (BAD, "/builders")


def test_a_source_for_builders_only_says_that_it_needs_one(here: Place) -> None:
    folder = f"path:{here.flake('elsewhere', flake('two'))}"
    source = here.add(folder, only_builders=True)
    told = foreseen(here, f"{source}/two", "its source is built on builders only")
    assert (told.kind, told.needs[0].link) == (BAD, "/builders")
    assert told.short.startswith("needs a builder for ")


def test_what_is_known_of_a_host_goes_with_it(here: Place) -> None:
    folder = here.flake("shrinks", flake("ember", "two"))
    source = here.add(f"path:{folder}")
    foreseen(here, f"{source}/two", "")
    here.flake("shrinks", flake("ember"))
    here.refresh(source)
    assert f"{source}/two" not in here.look(outlooks.outlooks)


def test_what_the_router_can_build_itself_is_known_before_any_host() -> None:
    with place() as fresh:
        told = until(lambda: fresh.desk.reads.hardware(), "it is found out")
        assert told.short in ("builds by itself", "has little of something")
        assert len(told.needs) == 3
        assert "to evaluate; this router has" in told.needs[0].what
