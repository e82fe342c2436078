import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from services.systemd.driver import Overseer

ROOT = Path(__file__).parents[3]


def test_an_overseer_hears_ready_then_signs_of_life(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        listening.settimeout(60)

        overseer = Overseer(str(path))
        overseer.ready()
        overseer.beat()
        assert [listening.recv(99) for _ in range(2)] == [b"READY=1", b"WATCHDOG=1"]


def test_a_role_may_say_that_it_lives_as_often_as_its_loop_turns(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        listening.setblocking(False)
        overseer = Overseer(str(path))
        for _ in range(100):
            overseer.beat()
        assert listening.recv(99) == b"WATCHDOG=1"
        with pytest.raises(BlockingIOError):
            listening.recv(99)


def test_nobody_to_tell_is_no_error(tmp_path: Path) -> None:
    Overseer(None).tell("READY=1")
    Overseer(str(tmp_path / "gone")).tell("READY=1")


def test_a_handed_socket_is_adopted_by_the_process_it_is_for() -> None:
    program = (
        "import os; from services.systemd.driver import adopt; "
        "(name, ours), = adopt(os.environ).items(); "
        "print(name, ours.getsockname()[1], ours.getblocking(), os.get_inheritable(ours.fileno()))"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def third() -> None:
            os.dup2(server.fileno(), 3)

        done = subprocess.run(
            ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", sys.executable, "-c", program],
            env={"LISTEN_FDS": "1", "LISTEN_FDNAMES": "boot.lan"},
            cwd=ROOT,
            pass_fds=(3,),
            preexec_fn=third,
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.split() == ["boot.lan", str(port), "False", "False"]
