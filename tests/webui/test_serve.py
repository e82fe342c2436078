"""The door: HTTPS with our own CA, the box's own socket, a refusal of newer state."""

import json
import sqlite3
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from ipaddress import IPv4Interface, IPv6Interface, IPv6Network
from pathlib import Path
from threading import Event, Semaphore

import httpx
import pytest
from cryptography.x509 import load_pem_x509_certificate

from appliance.cli.client import Client, Where
from appliance.errors import Unreachable
from appliance.model.config import Network, RouterConfig
from appliance.model.dns import Dns
from appliance.model.ipv6 import Ipv6
from appliance.model.slices import DnsNetwork, DnsSlice, Slices, TimeSlice
from appliance.store import trials
from appliance.store.open import writer
from tests.live.waiting import until
from tests.webui.conftest import serving
from webui.serve import BEAT_SECONDS, THREADS, named_in


def publish(
    state: Path, address: str, clock: TimeSlice | None = None, six: tuple[str, ...] = ()
) -> None:
    """What net would, for one network."""
    own = tuple(map(IPv6Interface, six))
    network = DnsNetwork("lan", "br-lan", IPv4Interface(address), six=own)
    dns = DnsSlice("nixie", "lan", (network,), Dns())
    slices = Slices(1, (), dns, (), time=clock or TimeSlice())
    with closing(writer(state / "net.db", trials.MIGRATIONS)) as net:
        trials.publish(net, slices, 0.0)


def test_the_lan_is_served_with_a_certificate_of_our_own_ca(tmp_path: Path) -> None:
    with serving(tmp_path, "admin.br-lan") as port:
        trusted = ssl.create_default_context(cafile=tmp_path / "secrets/web/ca.crt")
        with httpx.Client(verify=trusted, timeout=20) as client:
            assert client.get(f"https://127.0.0.1:{port}/login").status_code == 303
            assert client.get(f"https://localhost:{port}/login").status_code == 303
        with pytest.raises(httpx.ConnectError), httpx.Client(timeout=20) as client:
            client.get(f"https://127.0.0.1:{port}/login")


def test_the_lan_is_served_by_ipv6_with_the_same_ca(tmp_path: Path) -> None:
    publish(tmp_path, "10.77.0.1/24", six=("fd12::1/64", "2001:db8::1/64", "::1/128"))
    with serving(tmp_path, "admin6.br-lan", at="::1") as port:
        trusted = ssl.create_default_context(cafile=tmp_path / "secrets/web/ca.crt")
        with httpx.Client(verify=trusted, timeout=20) as client:
            assert client.get(f"https://[::1]:{port}/login").status_code == 303
    names = json.loads((tmp_path / "secrets/web/leaf.json").read_text())["names"]
    assert {"10.77.0.1", "fd12::1", "2001:db8::1"} <= set(names)


def test_a_prefix_of_our_own_is_in_the_certificate_before_the_network_has_it() -> None:
    lan = Network("lan", "br-lan", ("p1",), IPv4Interface("10.77.0.1/24"), ipv6=Ipv6(subnet=7))
    config = RouterConfig((lan,), ula=IPv6Network("fd12:3456:789a::/48"))
    assert {"10.77.0.1", "fd12:3456:789a:7::1"} <= named_in(config)


def test_a_certificate_is_not_dated_by_a_clock_that_is_wrong(tmp_path: Path) -> None:
    floor = time.time() - 30 * 86_400
    publish(tmp_path, "10.77.0.1/24", TimeSlice(trusted=False, floor=floor))
    with serving(tmp_path, "admin.br-lan"):
        for name in ("ca.crt", "leaf.crt"):
            made = load_pem_x509_certificate((tmp_path / "secrets/web" / name).read_bytes())
            assert made.not_valid_before_utc.timestamp() == int(floor - 2 * 86_400)


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    with serving(tmp_path, "admin.br-lan"):
        for name in ("ca.key", "leaf.key", "local-token", "claim", "api.sock"):
            mode = (tmp_path / "secrets/web" / name).stat().st_mode & 0o777
            assert mode == 0o600, name


def test_the_ca_stays_the_same_at_the_next_start(tmp_path: Path) -> None:
    with serving(tmp_path, "admin.br-lan"):
        first = (tmp_path / "secrets/web/ca.crt").read_bytes()
        leaf = (tmp_path / "secrets/web/leaf.crt").read_bytes()
    with serving(tmp_path, "admin.br-lan"):
        assert (tmp_path / "secrets/web/ca.crt").read_bytes() == first
        assert (tmp_path / "secrets/web/leaf.crt").read_bytes() == leaf


def test_a_new_address_of_the_router_gets_a_new_leaf(tmp_path: Path) -> None:
    with serving(tmp_path, "admin.br-lan"):
        leaf = (tmp_path / "secrets/web/leaf.crt").read_bytes()
    publish(tmp_path, "127.0.0.9/8")
    with serving(tmp_path, "admin.br-lan"):
        assert (tmp_path / "secrets/web/leaf.crt").read_bytes() != leaf


def test_an_address_that_is_published_comes_into_the_certificate_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, "admin.br-lan") as port:
        for number in range(1, 6):  # and no handshake fails while certificates change
            before = ssl.get_server_certificate(("127.0.0.1", port))
            publish(tmp_path, f"10.78.0.{number}/24")
            until(
                lambda before=before: ssl.get_server_certificate(("127.0.0.1", port)) != before,
                "another certificate is served",
            )
            names = json.loads((tmp_path / "secrets/web/leaf.json").read_text())["names"]
            assert f"10.78.0.{number}" in names


def test_a_new_address_is_in_the_certificate_before_the_network_is_asked(tmp_path: Path) -> None:
    lan = {"name": "lan", "bridge": "br-lan", "ports": ["p1"], "address": "10.77.0.1/24"}
    kept = trials.Kept(1, json.dumps({"networks": [lan], "schema": 2}), 0.0)
    publish(tmp_path, "10.77.0.1/24")
    with closing(writer(tmp_path / "net.db", trials.MIGRATIONS)) as net:
        trials.write_kept(net, kept)
    with serving(tmp_path, "admin.br-lan"):
        told = {"networks": [{**lan, "address": "10.78.0.1/24"}], "hostname": "other"}
        wish = Client(Where(tmp_path)).post("/config", told)["wish"]
        names = json.loads((tmp_path / "secrets/web/leaf.json").read_text())["names"]
        assert wish
    assert {"10.77.0.1", "10.78.0.1", "nixie.lan", "other.lan"} <= set(names)


def test_the_admin_is_silent_while_none_of_its_threads_gets_on(tmp_path: Path) -> None:
    beats: list[float] = []
    stuck, go_on = Semaphore(0), Event()

    def stands_still(_: str) -> None:
        stuck.release()
        go_on.wait(60)

    with (
        serving(tmp_path, beat=lambda: beats.append(time.monotonic()), fault=stands_still) as port,
        ThreadPoolExecutor(THREADS) as crowd,
    ):
        key = (tmp_path / "secrets/web/local-token").read_text().strip()

        def add(number: int) -> int:
            return httpx.post(
                f"http://127.0.0.1:{port}/api/v1/machines",
                json={"mac": f"52:54:00:00:00:{number:02x}", "name": f"m{number}"},
                headers={"authorization": f"Bearer {key}"},
                timeout=60,
            ).status_code

        answers = crowd.map(add, range(THREADS))
        assert all(stuck.acquire(timeout=30) for _ in range(THREADS))
        time.sleep(0.5)  # a beat may be on its way
        beaten = len(beats)
        time.sleep(2 * BEAT_SECONDS)
        assert len(beats) == beaten
        go_on.set()
        assert set(answers) == {201}
        until(lambda: len(beats) > beaten, "it lives")


def test_the_boxs_own_socket_answers_in_a_deep_directory(tmp_path: Path) -> None:
    deep = tmp_path / ("long-" * 20) / ("longer-" * 15)
    deep.mkdir(parents=True)
    assert len(str(deep / "secrets/web/api.sock")) > 108
    with serving(deep):
        client = Client(Where(deep))
        assert client.get("/status")["claimed"] is False
        client.close()


def test_state_of_a_newer_nixie_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path):
        pass
    with sqlite3.connect(tmp_path / "access.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(Unreachable, match="newer Nixie"), serving(tmp_path):
        pass


def test_an_open_stream_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with serving(tmp_path) as port:
        secret = (tmp_path / "secrets/web/local-token").read_text().strip()
        client = httpx.Client(headers={"authorization": f"Bearer {secret}"}, timeout=20)
        stream = client.stream("GET", f"http://127.0.0.1:{port}/api/v1/events")
        assert next(stream.__enter__().iter_lines()) == "retry: 2000"
    client.close()
