"""The state directory under a running supervisor: who reads what, and what survives."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.store.open import reader
from services.processes.privileges import Identity
from tests.live.house import CONFINED, USERS, House, during, house, started, until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and network namespaces"),
]


__all__ = ["house"]


def read_as(who: Identity, path: Path) -> str:
    """What `who` reads from the table `fact`, or the error."""
    program = (
        "import sqlite3, sys; c = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True); "
        "print(c.execute('SELECT max(n) FROM fact').fetchone()[0])"
    )
    argv = ["setpriv", "--reuid", str(who.uid), "--regid", str(who.gid), "--clear-groups", "--"]
    argv += [sys.executable, "-I", "-c", program, str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


def write_as(who: Identity, path: Path) -> subprocess.Popen[str]:
    """A process of `who` that adds a number to `fact` for each line it is sent."""
    program = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('CREATE TABLE IF NOT EXISTS fact (n INTEGER)')\n"
        "for line in sys.stdin:\n"
        "    c.execute('INSERT INTO fact VALUES (?)', (int(line),)); print(line, flush=True)\n"
        "c.close(); print('closed', flush=True)"
    )
    argv = ["setpriv", "--reuid", str(who.uid), "--regid", str(who.gid), "--clear-groups", "--"]
    argv += [sys.executable, "-I", "-c", program, str(path)]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def add(writing: "subprocess.Popen[str]", number: int) -> None:
    assert writing.stdin is not None
    assert writing.stdout is not None
    writing.stdin.write(f"{number}\n")
    writing.stdin.flush()
    writing.stdout.readline()
    writing.stdout.readline()


def test_another_role_reads_a_database_while_its_writer_runs(house: House) -> None:
    path = house.state / "leases.db"

    async def read() -> None:
        await house.ready("build")
        writing = write_as(USERS["dhcp"], path)
        for number in (1, 2, 3):
            add(writing, number)
            assert read_as(USERS["boot"], path) == str(number)
        writing.kill()
        writing.wait()
        assert read_as(USERS["boot"], path) == "3"
        again = write_as(USERS["dhcp"], path)
        add(again, 4)
        assert again.communicate() == ("closed\n", None)
        assert read_as(USERS["boot"], path) == "4"

    during(house, house.plan("dhcp", "boot", "build", "net"), read)


def test_no_role_writes_another_roles_database(house: House) -> None:
    async def write() -> None:
        await house.ready("build")
        writing = write_as(USERS["boot"], house.state / "leases.db")
        writing.communicate()
        assert writing.returncode != 0
        folder = write_as(USERS["boot"], house.state / "more.db")
        folder.communicate()
        assert folder.returncode != 0

    during(house, house.plan("dhcp", "boot", "build", "net"), write)


@pytest.mark.parametrize("who", [USERS["boot"], CONFINED["eval"]], ids=["boot", "eval"])
def test_nobody_but_the_web_reads_the_access_database(house: House, who: Identity) -> None:
    async def read() -> None:
        await house.ready("build")
        assert "unable to open" in read_as(who, house.state / "access.db")

    during(house, house.plan("web", "build", "net"), read)


def test_a_confined_user_reads_no_database(house: House) -> None:
    async def read() -> None:
        house.publish("lan0")
        assert "unable to open" in read_as(CONFINED["eval"], house.state / "net.db")

    during(house, house.plan("net"), read)


def test_a_database_is_readable_after_everybody_was_killed(house: House) -> None:
    outside, _ = started(house)
    house.publish("lan0")
    outside.kill()
    outside.wait()
    connection = reader(house.state / "net.db")
    assert connection.execute("SELECT count(*) FROM slice").fetchone() == (1,)
    connection.close()


def test_a_database_put_in_place_of_another_is_held_as_well(house: House) -> None:
    path = house.state / "leases.db"

    async def restore() -> None:
        await house.ready("build")
        copy = house.state / "restored.db"
        connection = sqlite3.connect(copy)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE fact (n INTEGER)")
        connection.commit()
        connection.close()
        os.chown(copy, USERS["dhcp"].uid, USERS["dhcp"].gid)
        copy.chmod(0o640)
        for old in (f"{path}-wal", f"{path}-shm"):
            Path(old).unlink()
        copy.replace(path)
        await until(lambda: Path(f"{path}-shm").exists())
        writing = write_as(USERS["dhcp"], path)
        add(writing, 7)
        writing.communicate()
        assert read_as(USERS["boot"], path) == "7"

    during(house, house.plan("dhcp", "build"), restore)


def test_a_role_reads_anothers_certificate_but_not_its_key(house: House) -> None:
    async def read() -> None:
        await house.ready("build")
        folder = house.state / "secrets/web"
        for name, mode in (("ca.crt", 0o644), ("ca.key", 0o600)):
            path = folder / name
            path.touch()
            os.chown(path, USERS["web"].uid, USERS["web"].gid)
            path.chmod(mode)
        who = USERS["boot"]
        become = ["setpriv", "--reuid", str(who.uid), "--regid", str(who.gid), "--clear-groups"]
        found = [
            subprocess.run([*become, "--", "cat", folder / name], check=False).returncode
            for name in ("ca.crt", "ca.key")
        ]
        assert found == [0, 1]

    during(house, house.plan("web", "boot", "build", "net"), read)
