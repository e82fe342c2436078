"""The door on loopback: the hostile packets, the odd clients, and files as a client sees them."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from services.tftp.driver import Session
from services.tftp.serve import Fetch, serve
from services.tftp.transfer import End

CONTENT = bytes(range(256)) * 40  # 20 whole blocks of 512

Ask = Callable[["Client"], Awaitable[None]]


class Client:
    """A UDP socket that waits in the loop, and what the server told."""

    def __init__(self, port: int, told: list[Fetch]) -> None:
        self.port, self.told = port, told
        self.reached: list[tuple[str, str, str, int]] = []
        self.opened: list[socket.socket] = []

    def fresh(self) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        made.bind(("127.0.0.1", 0))
        self.opened.append(made)
        return made

    async def ask(self, datagram: bytes, one: socket.socket | None = None) -> socket.socket:
        one = one or self.fresh()
        await asyncio.get_running_loop().sock_sendto(one, datagram, ("127.0.0.1", self.port))
        return one

    async def hear(
        self, one: socket.socket, seconds: float = 30.0
    ) -> tuple[bytes, tuple[str, int]]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(seconds):
            return await loop.sock_recvfrom(one, 70_000)

    async def until_told(self, count: int) -> None:
        async with asyncio.timeout(60):
            while len(self.told) < count:
                await asyncio.sleep(0)

    async def fetch(
        self,
        name: bytes = b"f",
        options: bytes = b"",
        mode: bytes = b"octet",
        seconds: float = 5.0,
    ) -> bytes:
        """A whole file, acknowledging every block."""
        one = await self.ask(b"\0\1" + name + b"\0" + mode + b"\0" + options)
        content, size, wanted = b"", 512, 1
        while True:
            datagram, peer = await self.hear(one, seconds)
            if datagram[1] == 6:
                words = datagram[2:].split(b"\0")
                if b"blksize" in words:
                    size = int(words[words.index(b"blksize") + 1])
                one.sendto(b"\0\4\0\0", peer)
                continue
            assert datagram[:2] == b"\0\3", datagram
            if int.from_bytes(datagram[2:4], "big") == wanted % 65_536:
                content += datagram[4:]
                wanted += 1
            one.sendto(b"\0\4" + datagram[2:4], peer)
            if len(datagram) - 4 < size:
                return content


def served(tmp_path: Path, use: Ask) -> list[Fetch]:
    """Run `use` against a server on loopback; what it told."""
    (tmp_path / "f").write_bytes(CONTENT)
    (tmp_path / "secret").write_bytes(b"SECRET" * 100)
    told: list[Fetch] = []
    table: dict[str, Path | bytes] = {
        "f": tmp_path / "f",
        "bios/x.kpxe": b"loader",
        "text": b"a\nb\n",
        "gone": tmp_path / "gone",
        "empty": b"",
    }

    async def run() -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind(("127.0.0.1", 0))
        client = Client(listener.getsockname()[1], told)

        def look(_link: str, _client: str, name: str) -> Path | bytes | None:
            return table.get(name)

        def reached(*told: Any) -> None:
            client.reached.append(told)

        task = asyncio.create_task(serve({"lo": listener}, look, told.append, reached))
        await asyncio.sleep(0)
        try:
            await use(client)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            listener.close()
            for one in client.opened:
                one.close()

    asyncio.run(run())
    return told


HOSTILE = {
    "climbing": b"\0\1../../../../etc/passwd\0octet\0",
    "absolute": b"\0\1/etc/passwd\0octet\0",
    "beside the table": b"\0\1secret\0octet\0",
    "backslashes": b"\0\1..\\..\\etc\\passwd\0octet\0",
    "a folder": b"\0\1.\0octet\0",
    "nothing": b"",
    "one byte": b"\0",
    "operation 0": b"\0\0",
    "operation 9": b"\0\x09abc",
    "a name without end": b"\0\1abc",
    "one field": b"\0\1abc\0",
    "a name of odd bytes": b"\0\1\xff\xfe\0octet\0",
    "mode mail": b"\0\1f\0mail\0",
    "a mode of odd bytes": b"\0\1f\0\xff\xfe\0",
    "an option without value": b"\0\1f\0octet\0blksize\0",
    "an option of odd bytes": b"\0\1f\0octet\0\xff\xfe\0\xff\0",
    "an empty option": b"\0\1f\0octet\0\0\0",
    "an ack": b"\0\4\0\1",
    "half an ack": b"\0\4\0",
    "data": b"\0\3\0\1xx",
    "an error": b"\0\5\0\1x\0",
    "half an error": b"\0\5",
    "an option acknowledgement": b"\0\6blksize\x00512\0",
    "a write": b"\0\2evil\0octet\0",
    "no name": b"\0\1\0octet\0",
    "a long name": b"\0\1" + b"x" * 60_000 + b"\0octet\0",
    "many options": b"\0\1f\0octet\0" + b"a\0b\0" * 400,
    "only a write": b"\0\2",
    "a format string": b"\0\1%s%n{0}\0octet\0",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_packet_leaves_it_serving_and_gets_no_file(tmp_path: Path, name: str) -> None:
    async def use(client: Client) -> None:
        one = await client.ask(HOSTILE[name])
        assert await client.fetch() == CONTENT
        one.setblocking(False)
        try:
            answer = one.recv(70_000)
        except BlockingIOError:
            answer = b""
        assert answer[:2] in (b"", b"\0\5", b"\0\3")
        assert b"SECRET" not in answer
        assert b"root:" not in answer

    served(tmp_path, use)


@pytest.mark.parametrize("value", [b"abc", b"0", b"-5", b"999999", b"7", b"1e9", b" 512", b"0x200"])
def test_a_hostile_option_value_still_gets_the_file(tmp_path: Path, value: bytes) -> None:
    async def use(client: Client) -> None:
        for option in (b"blksize", b"tsize", b"timeout"):
            assert await client.fetch(options=option + b"\0" + value + b"\0") == CONTENT

    served(tmp_path, use)


def test_a_thousand_half_open_requests_leave_it_serving(tmp_path: Path) -> None:
    async def use(client: Client) -> None:
        for _ in range(1000):
            await client.ask(b"\0\1f\0octet\0")
            client.opened.pop().close()
        async with asyncio.timeout(60):
            while True:
                try:
                    assert await client.fetch(seconds=0.3) == CONTENT
                except TimeoutError:
                    continue
                return

    served(tmp_path, use)


def test_g50_a_size_probe_is_told_as_one(tmp_path: Path) -> None:
    async def use(client: Client) -> None:
        asked = b"\0\1f\0octet\0tsize\x000\0blksize\x001468\0windowsize\x004\0"
        one = await client.ask(asked)
        datagram, peer = await client.hear(one)
        assert datagram == b"\0\6tsize\x0010240\0blksize\x001468\0windowsize\x004\0"
        one.sendto(b"\0\5\0\x08User aborted the transfer\0", peer)
        await client.until_told(1)

    (told,) = served(tmp_path, use)
    assert (told.end, told.code, told.size) == (End.PROBE, 8, len(CONTENT))


def test_how_far_a_transfer_is_can_be_seen(tmp_path: Path) -> None:
    async def use(client: Client) -> None:
        one = await client.ask(b"\0\1f\0octet\0")
        for block in (b"\0\1", b"\0\2"):
            datagram, peer = await client.hear(one)
            assert datagram[2:4] == block
            one.sendto(b"\0\4" + block, peer)
        async with asyncio.timeout(60):
            while not client.reached:
                await asyncio.sleep(0.01)
        assert client.reached[-1] == ("lo", "127.0.0.1", "f", 1024)

    served(tmp_path, use)


def test_g53_a_window_leaves_as_separate_datagrams(tmp_path: Path) -> None:
    async def use(client: Client) -> None:
        one = await client.ask(b"\0\1f\0octet\0windowsize\x008\0")
        _, peer = await client.hear(one)
        one.sendto(b"\0\4\0\0", peer)
        blocks = [(await client.hear(one))[0] for _ in range(8)]
        assert [block[:4] for block in blocks] == [b"\0\3\0" + bytes([n]) for n in range(1, 9)]
        assert b"".join(block[4:] for block in blocks) == CONTENT[: 8 * 512]

    served(tmp_path, use)


def test_g53_without_segmentation_offload_the_window_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sent_singly(session: Session, first: int, behind: int) -> None:
        session.gso = False
        whole(session, first, behind)

    whole = Session._send_window
    monkeypatch.setattr(Session, "_send_window", sent_singly)

    async def use(client: Client) -> None:
        one = await client.ask(b"\0\1f\0octet\0windowsize\x008\0")
        _, peer = await client.hear(one)
        one.sendto(b"\0\4\0\0", peer)
        blocks = [(await client.hear(one))[0] for _ in range(8)]
        assert b"".join(block[4:] for block in blocks) == CONTENT[: 8 * 512]

    served(tmp_path, use)


def test_g55_a_file_of_whole_blocks_arrives_with_its_empty_end(tmp_path: Path) -> None:
    async def use(client: Client) -> None:
        assert await client.fetch() == CONTENT
        assert await client.fetch(b"empty") == b""
        await client.until_told(2)

    assert [told.end for told in served(tmp_path, use)] == [End.SENT, End.SENT]


def test_g57_a_transfer_answers_from_a_port_of_its_own(tmp_path: Path) -> None:
    async def use(client: Client) -> None:
        first, second = [await client.ask(b"\0\1f\0octet\0") for _ in range(2)]
        ports = {(await client.hear(one))[1][1] for one in (first, second)}
        assert len(ports) == 2
        assert client.port not in ports

    served(tmp_path, use)


def test_g57_a_stranger_is_told_so_and_disturbs_nothing(tmp_path: Path) -> None:
    async def use(client: Client) -> None:
        one = await client.ask(b"\0\1f\0octet\0")
        block, peer = await client.hear(one)
        assert block[:4] == b"\0\3\0\1"
        stranger = client.fresh()
        stranger.sendto(b"\0\4\0\1", peer)
        answer, _ = await client.hear(stranger)
        assert answer[:4] == b"\0\5\0\5"
        one.sendto(b"\0\4\0\1", peer)
        assert (await client.hear(one))[0][:4] == b"\0\3\0\2"

    served(tmp_path, use)


def test_g58_a_name_with_a_stray_byte_gets_its_file(tmp_path: Path) -> None:
    async def use(client: Client) -> None:
        assert await client.fetch(b"\\BIOS\\x.kpxe\xff") == b"loader"

    served(tmp_path, use)


@pytest.mark.parametrize("mode", [b"octet", b"OCTET", b"Octet"])
def test_g59_the_mode_is_read_in_any_case(tmp_path: Path, mode: bytes) -> None:
    async def use(client: Client) -> None:
        assert await client.fetch(b"text", mode=mode) == b"a\nb\n"

    served(tmp_path, use)


def test_g59_netascii_is_converted(tmp_path: Path) -> None:
    async def use(client: Client) -> None:
        assert await client.fetch(b"text", mode=b"netascii") == b"a\r\nb\r\n"

    served(tmp_path, use)


def test_g60_a_client_that_closes_without_the_last_ack_has_its_file(tmp_path: Path) -> None:
    async def use(client: Client) -> None:
        one = await client.ask(b"\0\1text\0octet\0timeout\x001\0")
        _, peer = await client.hear(one)
        one.sendto(b"\0\4\0\0", peer)
        await client.hear(one)
        one.close()
        await client.until_told(1)

    assert [told.end for told in served(tmp_path, use)] == [End.UNCONFIRMED]


def test_g61_a_file_that_is_not_there_is_refused_at_once(tmp_path: Path) -> None:
    async def use(client: Client) -> None:
        for name in (b"autoexec.ipxe", b"revocations.efi", b"gone"):
            one = await client.ask(b"\0\1" + name + b"\0octet\0")
            assert (await client.hear(one))[0][:4] == b"\0\5\0\1"
        await client.until_told(3)

    assert {told.end for told in served(tmp_path, use)} == {None}


def test_g58_a_stray_byte_on_a_name_that_is_not_there_is_told(tmp_path: Path) -> None:
    async def ask(client: Client) -> None:
        for name in (b"nothing\xff", b"nothing"):
            await client.hear(await client.ask(b"\0\1" + name + b"\0octet\0"))
        await client.until_told(2)
        assert [(one.name, one.stray) for one in client.told] == [
            ("nothing\\xff", True),
            ("nothing", False),
        ]

    served(tmp_path, ask)


def test_g63_a_write_is_refused_with_error_2(tmp_path: Path) -> None:
    async def use(client: Client) -> None:
        one = await client.ask(b"\0\2evil\0octet\0")
        assert (await client.hear(one))[0][:4] == b"\0\5\0\2"
        assert not (tmp_path / "evil").exists()

    served(tmp_path, use)


def test_a_request_sent_twice_is_answered_by_one_transfer(tmp_path: Path) -> None:
    async def use(client: Client) -> None:
        one = await client.ask(b"\0\1f\0octet\0")
        _, first = await client.hear(one)
        await client.ask(b"\0\1f\0octet\0", one)
        _, second = await client.hear(one)
        one.sendto(b"\0\4\0\1", second)
        block, peer = await client.hear(one)
        assert (block[:4], peer) == (b"\0\3\0\2", second)
        assert first != second

    served(tmp_path, use)
