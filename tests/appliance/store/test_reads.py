import json
from contextlib import closing
from pathlib import Path

from appliance.events import ForeignServer, PoolEmpty, PoolHasRoom
from appliance.store import boots, builds, journal, leases
from appliance.store.open import writer
from appliance.store.reads import FILES, Reads


def test_roles_that_have_not_started_have_nothing_to_show(tmp_path: Path) -> None:
    reads = Reads(tmp_path)
    assert not any(reads.started(name) for name in FILES)
    assert (reads.sources(), reads.verdicts(), reads.boots(), reads.leases()) == ([], [], [], [])
    assert (reads.revision(), reads.slices(), reads.build("x")) == (None, None, None)
    assert reads.source_states() == {}


def test_a_file_without_its_tables_yet_is_a_role_that_starts(tmp_path: Path) -> None:
    (tmp_path / "build.db").touch()
    assert Reads(tmp_path).builds() == []


def test_a_file_that_is_no_database_is_a_role_that_has_not_started(tmp_path: Path) -> None:
    (tmp_path / "build.db").write_bytes(b"no database at all, but long enough to be looked at" * 9)
    assert Reads(tmp_path).builds() == []


def test_a_started_role_is_seen(tmp_path: Path) -> None:
    writer(tmp_path / "build.db", builds.MIGRATIONS).close()
    assert Reads(tmp_path).started("build")


def test_only_published_images_are_read(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("{}")
    assert Reads(tmp_path).image("../../secret") is None
    assert Reads(tmp_path).image("0" * 64) is None


def test_the_latest_of_each_is_found_behind_any_number_of_others(tmp_path: Path) -> None:
    dhcp = writer(tmp_path / "leases.db", leases.MIGRATIONS)
    here, there = (ForeignServer(name, "10.0.0.9", "02:00:00:00:00:01") for name in ("lan", "lab"))
    for n, event in enumerate((here, there, here)):
        journal.append(dhcp, event, float(n))
    for n in range(900):
        journal.append(dhcp, PoolEmpty("lan", f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}"), 10.0 + n)
    found = Reads(tmp_path).latest({"ForeignServer", "PoolEmpty"}, ("network", "server"))
    assert [(type(entry.event).__name__, entry.at) for entry in found] == [
        ("PoolEmpty", 909.0),
        ("ForeignServer", 2.0),
        ("ForeignServer", 1.0),
    ]


def test_what_boot_says_about_missing_loaders_is_read(tmp_path: Path) -> None:
    reads = Reads(tmp_path)
    assert reads.missing_loaders() == ()
    with closing(writer(tmp_path / "boot.db", boots.MIGRATIONS)) as connection:
        assert reads.missing_loaders() == ()
        boots.save_own(connection, boots.MISSING_LOADERS, json.dumps(["No loader for BIOS."]))
        assert reads.missing_loaders() == ("No loader for BIOS.",)


def test_the_latest_come_as_they_were_told_whatever_the_clock_said(tmp_path: Path) -> None:
    dhcp = writer(tmp_path / "leases.db", leases.MIGRATIONS)
    journal.append(dhcp, PoolEmpty("lan", "02:00:00:00:00:01"), 2e9)
    journal.append(dhcp, PoolHasRoom("lan"), 1e9)
    found = Reads(tmp_path).latest({"PoolEmpty", "PoolHasRoom"}, ())
    assert [type(entry.event) for entry in found] == [PoolHasRoom, PoolEmpty]
