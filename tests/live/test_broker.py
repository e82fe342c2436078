"""The broker with real jobs behind real walls, asked over its real socket."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import Unreachable
from appliance.model.installed import Installed
from appliance.roles import ROLES
from services.processes.client import ask
from services.processes.driver import ability
from services.processes.privileges import Footing, Job, Limits, identities
from services.processes.serve import Broker, serve
from tests.live.standing import ROOMS

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
]

CHECKOUT = Path(__file__).parents[2]
USERS, STANDARD = identities(
    ROLES.values(), Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
)
CONFINED = {
    name: replace(who, uid=who.uid + 50, gid=who.gid + 50) for name, who in STANDARD.items()
}
"""Users of this file alone: their processes are counted, and other tests run beside these."""
SMALL = Limits(
    memory_bytes=256 << 20, cpu_seconds=20, seconds=60, output_bytes=1 << 20, processes=32
)


@dataclass
class Bench:
    """A broker whose one verb, `sh`, runs a shell line as `eval`."""

    folder: Path
    limits: Limits = SMALL
    network: bool = False
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    stdin: bytes = b""

    @property
    def path(self) -> Path:
        return self.folder / "broker.sock"

    def job(self, args: Mapping[str, object], _: Installed) -> Job:
        return Job(
            user="eval",
            argv=("/bin/sh", "-c", str(args["line"])),
            limits=self.limits,
            network=self.network,
            readable=self.readable,
            writable=self.writable,
            hidden=(str(self.folder / "hidden"),),
            stdin=self.stdin,
        )

    def broker(self) -> Broker:
        everyone = [*USERS.values(), *CONFINED.values()]
        here = self.folder
        return Broker(
            installed=Installed(here, here, Path(sys.executable), None, here, here, here),
            verbs={"sh": self.job},
            callers={who.uid: frozenset({name}) for name, who in USERS.items()},
            users=CONFINED,
            ability=ability([one.uid for one in everyone]),
            hidden=(str(self.folder / "secrets"),),
        )

    def during(self, test: Callable[[], Coroutine[None, None, Any]]) -> Any:
        """Run `test` while the broker serves."""

        async def both() -> Any:
            listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listening.bind(str(self.path))
            self.path.chmod(0o666)
            listening.listen()
            work = asyncio.create_task(serve(listening, self.broker()))
            try:
                async with asyncio.timeout(120):
                    return await test()
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
                self.path.unlink()

        return asyncio.run(both())

    def said(self, line: str) -> tuple[str, dict[str, Any]]:
        """Everything a shell line wrote, and the last answer."""

        async def collect() -> tuple[str, dict[str, Any]]:
            text = ""
            async with aclosing(ask(self.path, "sh", {"line": line})) as answers:
                async for answer in answers:
                    if "exit" in answer:
                        await buried()
                        return text, answer
                    text += answer.get("out", "") + answer.get("err", "")
            raise AssertionError("no last answer")

        found: tuple[str, dict[str, Any]] = self.during(collect)
        return found


@pytest.fixture
def bench() -> Iterator[Bench]:
    folder = Path(tempfile.mkdtemp(prefix="nxb", dir="/var/lib"))
    folder.chmod(0o755)
    yield Bench(folder)
    shutil.rmtree(folder)


def leftovers() -> list[str]:
    """Processes of the confined user in control groups of our jobs, and those groups.

    Other tests have jobs of that user at the same time, and groups come and go meanwhile.
    """
    uid, ours = CONFINED["eval"].uid, f"nixie-{os.getpid()}-"
    mine = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if entry.stat().st_uid == uid and ours in (entry / "cgroup").read_text():
                mine.append(entry.name)
        except (FileNotFoundError, ProcessLookupError):
            continue
    groups = (found for _, names, _ in os.walk("/sys/fs/cgroup") for found in names)
    return mine + [one for one in groups if one.startswith(ours)]


async def buried() -> None:
    """Wait until nothing is left of our jobs: the kernel may need a moment for the last process."""
    while leftovers():
        await asyncio.sleep(0.02)


def test_a_job_runs_as_eval_without_any_capability(bench: Bench) -> None:
    text, last = bench.said("id -u; id -G; grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status")
    uid = str(CONFINED["eval"].uid)
    none = "0" * 16
    assert text.split() == [
        uid, uid, "CapEff:", none, "CapBnd:", none, "NoNewPrivs:", "1",
    ]  # fmt: skip
    held = last.pop("memory")
    assert last == {"exit": 0, "reason": "done", "what": "It ended well."}
    assert isinstance(held, int)
    assert held >= 0


def test_a_job_has_a_name_for_its_user(bench: Bench) -> None:
    assert bench.said("id -un")[0] == "nixie-eval\n"
    assert "nixie-eval" not in Path("/etc/passwd").read_text()


def test_a_job_sees_only_its_own_processes(bench: Bench) -> None:
    text, _ = bench.said("ls -d /proc/[0-9]* | wc -l")
    assert int(text) <= 4


def test_a_job_has_an_empty_home_of_its_own(bench: Bench) -> None:
    text, _ = bench.said('cd "$HOME" && ls -A && touch mine && stat -c "%u %a" .')
    assert text == f"{CONFINED['eval'].uid} 700\n"
    assert not Path("/tmp/mine").exists()


def test_an_evaluation_has_no_network(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        program = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        knock = f'{sys.executable} -I -c "{program}"'
        text, last = bench.said(knock)
        assert last["exit"] == 1
        assert "Network is unreachable" in text
        bench.network = True
        assert bench.said(knock)[1]["exit"] == 0


def test_a_file_of_root_alone_is_not_read(bench: Bench) -> None:
    secret = bench.folder / "secret"
    secret.write_text("hush")
    secret.chmod(0o600)
    text, last = bench.said(f"cat {secret}")
    assert "Permission denied" in text
    assert last["exit"] == 1


@pytest.mark.parametrize("name", ["secrets", "hidden"])
def test_a_hidden_folder_is_empty_whatever_its_modes(bench: Bench, name: str) -> None:
    folder = bench.folder / name
    folder.mkdir(mode=0o755)
    (folder / "key").write_text("hush")
    (folder / "key").chmod(0o644)
    text, last = bench.said(f"ls -A {folder}; cat {folder}/key")
    assert "hush" not in text
    assert "No such file" in text
    assert last["exit"] == 1


def test_home_and_root_and_temporary_folders_are_empty(bench: Bench) -> None:
    assert bench.said("ls -A /root /home /var/tmp /dev/shm | grep -v :")[0].split() == []


def test_a_readable_folder_below_a_hidden_one_is_still_there(bench: Bench) -> None:
    kept = bench.folder / "hidden/deep/kept"
    kept.mkdir(parents=True)
    (kept / "file").write_text("here")
    (bench.folder / "hidden/other").write_text("not here")
    bench.readable = (str(kept),)
    text, _ = bench.said(f"cat {kept}/file; ls {bench.folder}/hidden")
    assert text == "heredeep\n"


def test_a_readable_folder_is_not_written_to(bench: Bench) -> None:
    kept = bench.folder / "hidden/kept"
    kept.mkdir(parents=True)
    kept.chmod(0o777)
    bench.readable = (str(kept),)
    text, last = bench.said(f"touch {kept}/more")
    assert "Read-only file system" in text
    assert last["exit"] == 1


def test_a_writable_folder_keeps_what_was_written(bench: Bench) -> None:
    kept = bench.folder / "hidden/kept"
    kept.mkdir(parents=True)
    kept.chmod(0o777)
    bench.writable = (str(kept),)
    assert bench.said(f"echo more > {kept}/more")[1]["exit"] == 0
    assert (kept / "more").read_text() == "more\n"


def test_a_secret_inside_a_readable_folder_stays_hidden(bench: Bench) -> None:
    secrets = bench.folder / "secrets"
    secrets.mkdir()
    (secrets / "key").write_text("hush")
    (bench.folder / "plain").write_text("plain")
    bench.readable = (str(bench.folder),)
    text, _ = bench.said(f"cat {bench.folder}/plain; ls -A {secrets}")
    assert text == "plain"


def test_a_folder_that_is_missing_is_said(bench: Bench) -> None:
    bench.readable = (str(bench.folder / "hidden/nowhere"),)
    (bench.folder / "hidden").mkdir()
    text, last = bench.said("true")
    assert text == f"{bench.folder}/hidden/nowhere is not there.\n"
    assert last["exit"] == 125


def test_a_job_reads_what_it_is_given_on_standard_input(bench: Bench) -> None:
    bench.stdin = b"x" * 200_000
    assert bench.said("wc -c")[0].strip() == "200000"


def test_a_memory_bomb_ends_for_its_memory(bench: Bench) -> None:
    bomb = "x = []\nwhile True: x.append(bytearray(1 << 20))"
    _, last = bench.said(f"{sys.executable} -I -c '{bomb}'")
    assert last["reason"] == "memory"
    assert last["what"] == "It needed more than 256 MiB of memory and was stopped."


def test_memory_of_many_processes_is_counted_together(bench: Bench) -> None:
    eat = 'import time; x = b"x" * (60 << 20); time.sleep(60)'
    _, last = bench.said(
        f"for i in 1 2 3 4 5 6 7 8; do {sys.executable} -I -c '{eat}' & done; wait"
    )
    assert last["reason"] == "memory"
    assert leftovers() == []


def test_an_endless_loop_ends_in_time(bench: Bench) -> None:
    bench.limits = Limits(memory_bytes=256 << 20, cpu_seconds=60, seconds=1, processes=32)
    _, last = bench.said("while :; do :; done")
    assert last["reason"] == "timeout"
    assert last["what"] == "It did not end within 1 s and was stopped."


def test_processor_time_ends_too(bench: Bench) -> None:
    bench.limits = Limits(memory_bytes=256 << 20, cpu_seconds=1, seconds=100, processes=32)
    _, last = bench.said("while :; do :; done")
    assert last["reason"] == "timeout"
    assert last["what"] == "It used its 1 s of processor time."


def test_a_fork_bomb_is_bounded(bench: Bench) -> None:
    bench.limits = Limits(memory_bytes=512 << 20, cpu_seconds=20, seconds=2, processes=32)
    most = 0

    async def count() -> dict[str, Any]:
        nonlocal most
        async with aclosing(
            ask(bench.path, "sh", {"line": "f() { f | f & }; f; sleep 60"})
        ) as said:
            async for answer in said:
                found = await asyncio.to_thread(leftovers)
                most = max(most, len([name for name in found if name.isdigit()]))
                if "exit" in answer:
                    await buried()
                    return answer
        raise AssertionError("no last answer")

    last = bench.during(count)
    assert last["reason"] in ("timeout", "done")
    assert most <= 32
    assert leftovers() == []


def test_a_flood_of_output_is_cut_off(bench: Bench) -> None:
    text, last = bench.said("yes")
    assert len(text) == 1 << 20
    assert last["reason"] == "output"
    assert last["what"] == "It wrote more than 1 MiB and was stopped."


def test_a_process_that_left_its_session_ends_with_the_job(bench: Bench) -> None:
    _, last = bench.said("setsid sleep 600 >/dev/null 2>&1 & sleep 0.2; exit 7")
    assert (last["exit"], last["what"]) == (7, "It ended with status 7.")
    assert leftovers() == []


def test_hanging_up_ends_a_job_that_ignores_signals(bench: Bench) -> None:
    line = "trap '' INT TERM HUP; echo on; while :; do sleep 1; done"

    async def hang_up() -> None:
        async with aclosing(ask(bench.path, "sh", {"line": line})) as said:
            assert await anext(said) == {"out": "on\n"}
            assert leftovers() != []
        await buried()

    bench.during(hang_up)


def test_hanging_up_at_the_last_word_leaves_nothing_behind(bench: Bench) -> None:
    async def hang_up() -> None:
        for _ in range(20):
            async with aclosing(ask(bench.path, "sh", {"line": "sleep 600 & true"})) as said:
                while "exit" not in await anext(said):
                    pass
        await buried()

    bench.during(hang_up)


def test_the_end_of_the_broker_ends_its_jobs(bench: Bench) -> None:
    async def begin() -> None:
        said = ask(bench.path, "sh", {"line": "echo on; sleep 600"})
        assert await anext(said) == {"out": "on\n"}
        running.append(said)

    running: list[Any] = []
    bench.during(begin)
    assert leftovers() == []


PEER = """
import json, socket, sys
talk = socket.socket(socket.AF_UNIX)
talk.connect(sys.argv[1])
talk.sendall(sys.argv[2].encode() + b"\\n")
print(talk.makefile().read())
"""


def asked_as(bench: Bench, uid: int, request: str) -> dict[str, Any]:
    """The last answer to a raw request line by another user."""
    argv = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", "--"]
    argv += [sys.executable, "-I", "-c", PEER, str(bench.path), request]

    async def run() -> dict[str, Any]:
        done = await asyncio.to_thread(subprocess.run, argv, capture_output=True, text=True)
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return found

    answer: dict[str, Any] = bench.during(run)
    return answer


def test_the_build_role_may_ask(bench: Bench) -> None:
    request = '{"verb": "sh", "args": {"line": "true"}}'
    assert asked_as(bench, USERS["build"].uid, request)["reason"] == "done"


@pytest.mark.parametrize(
    ("uid", "request_line", "sentence"),
    [
        (61199, '{"verb": "sh"}', "User 61199 is no role of this router and may ask for nothing."),
        (USERS["web"].uid, '{"verb": "sh"}', "The role web may not ask for sh."),
        (USERS["build"].uid, '{"verb": "rm"}', "There is no verb 'rm'; there are sh."),
        (USERS["build"].uid, '{"verb": "sh"}', "The arguments of sh are wrong: 'line'."),
        (USERS["build"].uid, "sh", "The request is not a line of JSON."),
        (USERS["build"].uid, "[]", "The request names no verb."),
        (USERS["build"].uid, '{"verb": "sh", "args": 1}', "The arguments of sh are not an object."),
        (USERS["build"].uid, "[" * 100_000, "The request is not a line of JSON."),
    ],
)
def test_a_wrong_request_is_refused_with_a_sentence(
    bench: Bench, uid: int, request_line: str, sentence: str
) -> None:
    answer = asked_as(bench, uid, request_line)
    assert answer == {"exit": 126, "reason": "refused", "what": sentence, "memory": 0}


def test_a_program_that_is_missing_is_an_ordinary_ending(bench: Bench) -> None:
    text, last = bench.said("exec /nowhere/at/all")
    assert "not found" in text
    assert (last["exit"], last["reason"]) == (127, "done")


def test_without_a_broker_the_caller_is_told(bench: Bench) -> None:
    async def call() -> None:
        async with aclosing(ask(bench.path, "sh", {})) as said:
            await anext(said)

    with pytest.raises(Unreachable, match="start it with nixie run"):
        asyncio.run(call())


ORDINARY = """
import asyncio, sys
from services.processes.driver import Said, ability, run
from services.processes.privileges import Identity, Job, Limits, lower_walls
able = ability([61100])
print(able.footing.name, len(lower_walls(able)), flush=True)
async def main():
    job = Job("eval", ("/bin/sh", "-c", sys.argv[1]), limits=Limits(memory_bytes=256 << 20))
    async for word in run(job, Identity("nixie-eval", 61112, 61112), able):
        print(word.data.decode() if isinstance(word, Said) else word.reason, end="", flush=True)
asyncio.run(main())
"""


def as_nobody(bench: Bench, line: str) -> list[str]:
    """Run one job as an ordinary user would."""
    for room in ROOMS:
        shutil.copytree(CHECKOUT / room, bench.folder / room)
    subprocess.run(["chmod", "-R", "a+rX", bench.folder], check=True)
    argv = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]
    argv += [sys.executable, "-B", "-c", ORDINARY, line]
    done = subprocess.run(argv, cwd=bench.folder, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_an_ordinary_user_gets_the_walls_that_user_namespaces_give(bench: Bench) -> None:
    line = "id -un; ls /root; ls -d /proc/[0-9]* | wc -l; cat /proc/net/dev | wc -l"
    header, user, processes, network, reason = as_nobody(bench, line)
    assert header == f"{Footing.OWN_NAMESPACES.name} 2"
    assert user == "nixie-eval"
    assert int(processes) <= 5
    assert network == "3"  # two heading lines and lo
    assert reason == "done"


def test_an_ordinary_users_memory_bomb_ends_for_its_memory(bench: Bench) -> None:
    bomb = "x = []\nwhile True: x.append(bytearray(1 << 20))"
    assert as_nobody(bench, f"{sys.executable} -I -c '{bomb}'")[-1].endswith("memory")
