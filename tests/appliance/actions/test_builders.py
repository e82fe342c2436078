from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.actions import acts
from appliance.actions.builders import (
    MOST,
    enable_builder,
    remove_builder,
    save_builder,
    trust_host_key,
    try_builder,
)
from appliance.actions.desk import Actor, Desk
from appliance.actions.open import open_desk
from appliance.actions.passwords import Passwords
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.builders import Builder, Said
from appliance.store import builder_states, builds
from appliance.store.builder_states import BuilderState
from appliance.store.open import writer
from appliance.store.people import SCOPES

OWNER = Actor("lena", SCOPES["admin"], "session")
KILN = Said("kiln", "kiln.lan")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIVIC02vnjFyL+I4RHfvIGNtOgJMe769VTF1VR4EB3ZB"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with closing(open_desk(tmp_path, Passwords(memory_kib=64, rounds=1))) as made:
        yield made


def saved(desk: Desk, said: Said = KILN, ident: str = "") -> str:
    return save_builder(desk, OWNER, ident, said).subject


def one(desk: Desk) -> Builder:
    (found,) = desk.reads.builders()
    return found


def shows(desk: Desk, key: str) -> None:
    with closing(writer(desk.reads.state / "build.db", builds.MIGRATIONS)) as connection:
        builder_states.stands(connection, BuilderState(one(desk).id, shown_key=key))


def known(desk: Desk) -> str:
    """A builder whose host key was compared."""
    ident = saved(desk)
    shows(desk, KEY)
    return trust_host_key(desk, OWNER, ident, KEY).subject


def test_a_builder_is_kept_as_it_was_said(desk: Desk) -> None:
    both = ("aarch64-linux", "x86_64-linux")
    said = Said(
        "kiln", "kiln.lan", 2222, "builder", both, 8, 3, ("kvm", "big-parallel", "kvm"), True, True
    )
    ident, has = saved(desk, said), ("kvm", "big-parallel")
    assert one(desk) == Builder(
        ident, "kiln", "kiln.lan", 2222, "builder", both[::-1], 8, 3, True, "", has, True, True
    )


def test_a_saved_builder_is_tried(desk: Desk) -> None:
    done = save_builder(desk, OWNER, "", KILN)
    wish = desk.reads.wish(done.wish or "")
    assert wish
    assert (wish.role, wish.kind, wish.body) == ("build", "try", {"builder": done.subject})


def test_two_builders_have_two_names(desk: Desk) -> None:
    saved(desk)
    with pytest.raises(Refused, match="Another builder is named kiln"):
        saved(desk, replace(KILN, host="10.0.0.9"))


def test_there_is_an_end_of_builders(desk: Desk) -> None:
    for number in range(MOST):
        saved(desk, Said(f"b{number}", "kiln.lan"))
    with pytest.raises(Refused, match="20 builders already"):
        saved(desk)


def test_a_host_key_is_trusted_when_it_is_the_one_shown(desk: Desk) -> None:
    known(desk)
    assert one(desk).host_key == KEY


def test_a_key_that_is_not_shown_any_more_is_not_trusted(desk: Desk) -> None:
    ident = saved(desk)
    for shown in (None, OTHER):
        if shown:
            shows(desk, shown)
        with pytest.raises(Refused, match="shows another host key by now"):
            trust_host_key(desk, OWNER, ident, KEY)
    assert one(desk).host_key == ""


def test_a_builder_that_moved_has_to_be_compared_again(desk: Desk) -> None:
    ident = known(desk)
    saved(desk, replace(KILN, jobs=8), ident)
    assert one(desk).host_key == KEY
    saved(desk, replace(KILN, host="10.0.0.9"), ident)
    assert one(desk).host_key == ""


def test_a_trust_is_taken_back(desk: Desk) -> None:
    ident = saved(desk)
    shows(desk, KEY)
    acts.undo(desk, OWNER, trust_host_key(desk, OWNER, ident, KEY).act)
    assert one(desk).host_key == ""


def test_a_builder_is_switched(desk: Desk) -> None:
    ident = saved(desk)
    assert enable_builder(desk, OWNER, ident, on=False).wish is None
    assert not one(desk).enabled
    assert enable_builder(desk, OWNER, ident, on=True).wish
    assert one(desk).enabled


def test_a_removed_builder_comes_back_as_it_was(desk: Desk) -> None:
    ident = known(desk)
    before = one(desk)
    done = remove_builder(desk, OWNER, ident)
    assert desk.reads.builders() == []
    acts.undo(desk, OWNER, done.act)
    assert one(desk) == before


def test_what_is_gone_is_not_tried(desk: Desk) -> None:
    with pytest.raises(Unknown, match="not there any more"):
        try_builder(desk, OWNER, "gone")
