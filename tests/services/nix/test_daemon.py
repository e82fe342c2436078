"""Starting our own daemon."""

import sys
from pathlib import Path

from appliance.model.installed import Installed
from services.nix.daemon import bounds_for, conf_for, daemon_request
from services.nix.store import Store, store_in

HOME = Path("/opt/nixie")
INSTALLED = Installed(HOME, HOME, Path(sys.executable), HOME / "nix/usr/bin/nix", HOME, HOME, HOME)

GIBIBYTE = 1 << 30
BOUNDS = bounds_for(8 * GIBIBYTE)


def store(*, system: bool = False) -> Store:
    return store_in(Path("/s"), HOME / "nix/usr/bin/nix", system_store=system)


def test_the_daemon_opens_a_chroot_store_by_its_root() -> None:
    asked = daemon_request(store(), conf_for(INSTALLED, store()), None, BOUNDS)
    assert asked.argv == ("/opt/nixie/nix/usr/bin/nix-daemon", "--store", "local?root=/s/store")


def test_on_the_systems_store_the_daemon_opens_what_is_there() -> None:
    one = store(system=True)
    asked = daemon_request(one, conf_for(INSTALLED, one), None, BOUNDS)
    assert asked.argv == ("/opt/nixie/nix/usr/bin/nix-daemon",)


def test_it_listens_on_our_own_socket_with_our_own_conf() -> None:
    asked = daemon_request(store(), conf_for(INSTALLED, store()), None, BOUNDS)
    assert asked.env["NIX_DAEMON_SOCKET_PATH"] == "/s/run/nix/socket"
    assert asked.env["NIX_CONF_DIR"] == "/s/nix"


def test_only_the_roles_that_need_it_may_use_it() -> None:
    asked = daemon_request(store(), conf_for(INSTALLED, store()), None, BOUNDS)
    (allowed,) = [
        line
        for line in asked.files[Path("/s/nix/nix.conf")].splitlines()
        if line.startswith("allowed-users")
    ]
    assert "*" not in allowed
    assert {"nixie-build", "61105", "nixie-fetch", "nixie-eval", "nixie-remote"} <= set(
        allowed.split()
    )


def test_only_root_sees_where_builds_happen() -> None:
    asked = daemon_request(store(), conf_for(INSTALLED, store()), None, BOUNDS)
    modes = {folder.path: (folder.mode, folder.owner) for folder in asked.folders}
    assert modes[Path("/s/run/nix/builds")] == (0o700, "root")
    assert modes[Path("/s/run/fetch")] == (0o700, "fetch")


def test_builds_leave_1_gib_to_the_router() -> None:
    assert bounds_for(8 * GIBIBYTE).memory_bytes == 7 * GIBIBYTE


def test_a_small_machine_is_shared_half_and_half() -> None:
    assert bounds_for(GIBIBYTE).memory_bytes == GIBIBYTE // 2


def test_the_owners_limit_of_builds_wins() -> None:
    assert bounds_for(8 * GIBIBYTE, 2 * GIBIBYTE).memory_bytes == 2 * GIBIBYTE


def test_builds_count_less_than_the_roles_at_the_processor() -> None:
    assert BOUNDS.weight < 100


def test_the_daemon_outlives_a_build_that_took_all_memory() -> None:
    assert not BOUNDS.as_one
