"""Whole builds stay on a builder, and only parts come home; over a real sshd."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.actions import images
from appliance.model.images import Literal
from appliance.store.builder_states import READY
from tests.live.builder_room import (
    ARM,
    NEEDS,
    hashes,
    log,
    other,
    outputs,
    ready,
    sourced,
    state,
)
from tests.live.nix_place import OWNER, Place, place
from tests.live.test_nix import served
from tests.live.waiting import until

pytestmark = NEEDS


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place() as made:
        yield made


# ── builds that stay there ────────────────────────────────────────────────────────────────────────


def test_an_untrusted_builder_gives_the_very_bytes_of_a_build_here(here: Place) -> None:
    with ready(here) as (kiln, _):
        away = f"{sourced(here, 'two', stamp='same')}/two"
        row = here.built(away)
        there = hashes(here, row)
        assert (row.builder, here.image(str(row.image)).provenance.built_on) == ("kiln", "kiln")
        assert all(map(kiln.has, outputs(here, away)))
        assert not any(here.store.file(one).exists() for one in outputs(here, away))
    row = here.built(f"{sourced(here, 'two', stamp='same')}/two")
    assert (row.builder, hashes(here, row)) == ("", there)


def test_a_builder_may_trust_the_account(here: Place) -> None:
    with ready(here, trusted=True) as (_, ident):
        trust = next(one for one in state(here, ident).steps if one.step == "trust")
        assert trust.what.startswith("It trusts kiln, which it need not")
        row = here.built(f"{sourced(here, 'ember', stamp='trusted')}/ember")
        assert (row.state, row.builder) == ("built", "kiln"), row.what


def test_what_came_home_outlives_the_garbage(here: Place) -> None:
    with ready(here):
        row = here.built(f"{sourced(here, 'ember', stamp='rooted')}/ember")
        before = hashes(here, row)
    here.collect_garbage()
    for part in here.image(str(row.image)).parts:
        for one in part.segments:
            assert isinstance(one, Literal) or Path(one.file).stat().st_size == one.size
    assert before


def test_parts_that_are_here_already_are_not_fetched_again(here: Place) -> None:
    with ready(here):
        here.built(f"{sourced(here, 'ember', stamp='first')}/ember")
        row = here.built(f"{sourced(here, 'ember', stamp='second')}/ember")
        assert "1 of 3 parts came home from kiln" in here.log(row)


def test_a_part_that_arrives_otherwise_than_it_was_said_is_not_published(here: Place) -> None:
    with ready(here) as (kiln, _):
        host = f"{sourced(here, 'ember', stamp='honest')}/ember"
        first = here.built(host)
        assert first.builder == "kiln"
        shutil.rmtree(here.store.roots / "builds" / first.id)
        here.collect_garbage()
        (squashfs,) = [one for one in outputs(here, host) if "squashfs" in one]
        kiln.store.file(squashfs).chmod(0o644)
        kiln.store.file(squashfs).write_text("store of somebody else")
        images.retry_build(here.desk, OWNER, first.id)
        row = until(lambda: other(here, host, first), "another build")
        assert row.state == "failed"
        assert "squashfs-ember arrived from kiln otherwise than it said" in row.what
        assert len(here.generations(host)) == 1


def test_a_failing_derivation_is_not_built_a_second_time_here(here: Place) -> None:
    with ready(here) as (_, ident):
        row = here.built(f"{sourced(here, 'fails')}/fails")
        assert row.what == (
            "On kiln: kernel-of-fails could not be built: the ruler is missing. Correct it in the "
            "flake, then look at the source again."
        )
        assert state(here, ident).state == READY


def test_the_log_of_a_builder_is_the_builds_log(here: Place) -> None:
    with ready(here):
        row = here.built(f"{sourced(here, 'fails', stamp='log')}/fails")
        assert "kernel-of-fails> the ruler is missing" in here.log(row)
        assert "don't know how" not in here.log(row)
        assert "kiln builds it: ssh kiln@127.0.0.1:" in here.log(row)


def test_a_host_for_another_system_is_built_where_that_is_possible(here: Place) -> None:
    more = {"systems": (ARM,), "settings": f"extra-platforms = {ARM}\n"}
    with ready(here, "anvil", **more):
        host = f"{sourced(here, 'ember', system=ARM)}/ember"
        row = here.built(host)
        assert (row.state, row.builder) == ("built", "anvil"), row.what
    image = here.image(str(row.image))
    kernel = image.part("kernel")
    assert (image.system, kernel.name) == (ARM, "Image")
    assert served(kernel) == b"kernel\n"
    until(lambda: host in here.table().hosts, "it is served")


def test_what_requires_a_feature_is_built_where_it_is(here: Place) -> None:
    fire = {"settings": "system-features = fire\n", "features": ("fire",)}
    with ready(here, "quick", speed=9), ready(here, "oven", **fire):
        row = here.built(f"{sourced(here, 'ember', feature='fire', stamp='hot')}/ember")
        assert (row.state, row.builder) == ("built", "oven"), row.what
        assert "quick" not in here.log(row)
        row = here.built(f"{sourced(here, 'ember', stamp='cold')}/ember")
        assert (row.state, row.builder) == ("built", "quick"), row.what


def test_a_builder_that_turns_out_to_lack_a_feature_is_followed_by_the_next(here: Place) -> None:
    with ready(here, "quick", speed=9), ready(here, "oven", settings="system-features = fire\n"):
        row = here.built(f"{sourced(here, 'ember', feature='fire', stamp='hotter')}/ember")
        assert (row.state, row.builder) == ("built", "oven"), row.what
        assert "quick has not what this build requires" in here.log(row)


def test_a_host_that_nobody_can_build_is_told_before_it_begins(here: Place) -> None:
    source = sourced(here, "ember", system=ARM, stamp="no")
    row = here.built(f"{source}/ember")
    assert here.verdicts(source)["ember"].kind == "native"
    outlook = until(lambda: here.desk.reads.outlooks().get(f"{source}/ember"), "it is foreseen")
    assert outlook.short == f"needs a builder for {ARM}"
    assert (row.state, row.what) == (
        "failed",
        "It needs a builder for aarch64-linux: this router cannot build for it, and no builder "
        "does. Add one under Builders.",
    )
    assert log(here, row).splitlines() == [row.what]


# ── sources that are built on builders alone ──────────────────────────────────────────────────────


def test_a_source_for_builders_alone_is_never_built_here(here: Place) -> None:
    source = sourced(here, "ember", stamp="alone", only_builders=True)
    row = here.built(f"{source}/ember")
    assert (row.state, row.what) == (
        "failed",
        "It needs a builder for x86_64-linux: its source is built on builders only, and no builder "
        "does. Add one under Builders.",
    )
    assert not all(here.store.file(one).exists() for one in outputs(here, f"{source}/ember"))
    with ready(here):
        images.build_host(here.desk, OWNER, f"{source}/ember")
        until(lambda: len(here.builds(f"{source}/ember")) == 2, "it is built again")
        row = here.built(f"{source}/ember")
        assert (row.state, row.builder) == ("built", "kiln"), row.what


def test_a_builder_that_is_gone_is_not_stood_in_for(here: Place) -> None:
    with ready(here) as (kiln, _):
        kiln.stop_sshd()
        source = sourced(here, "ember", stamp="gone-alone", only_builders=True)
        row = here.built(f"{source}/ember")
        assert (row.state, row.builder) == ("failed", "")
        assert "its source is built on builders only, and no builder for it is ready." in row.what
        kiln.start_sshd()


def test_what_a_look_needs_built_is_not_built_for_builders_alone(here: Place) -> None:
    source = sourced(here, "imports", only_builders=True)
    here.settled(source)
    assert here.verdicts(source)["imports"].kind == "not-bootable"
