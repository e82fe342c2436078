"""Bad input at a whole router: what is said, where, and that what was confirmed stays."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.client import Failed
from services.nix.unfetched import AT_HOME
from tests.live.bad_place import Bad, bad, refusing
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and network namespaces"),
    pytest.mark.xdist_group("bad-input"),
]

LOOK_SECONDS = 20
CAPTURES = Path(__file__).parents[1] / "captures/dhcp"
UNREADABLE = {
    "no hosts": (
        "DIR/no-hosts",
        "This flake has no nixosConfigurations; it offers nixosModules, packages. Nixie boots what "
        "is listed there: add a host to the flake, or give the flake that has them.",
    ),
    "empty": (
        "DIR/empty",
        "The flake's nixosConfigurations are empty: add a host to them.",
    ),
    "old lock": (
        "DIR/stale-lock",
        "flake.lock is older than flake.nix: it does not know every input (tools). Run nix flake "
        "lock and commit flake.lock.",
    ),
    "no flake": (
        "DIR/bin",
        "There is no flake.nix in bin in this source. Give its directory with ?dir=, or another "
        "address.",
    ),
    "unreachable archive": (
        "http://127.0.0.1:9/hosts.tar.gz",
        "127.0.0.1 does not answer. Look whether it is up and reachable from here, then look "
        f"again. {AT_HOME}",
    ),
    "unreachable repository": (
        "git+http://127.0.0.1:9/hosts.git",
        "127.0.0.1 does not answer. Look whether it is up and reachable from here, then look "
        f"again. {AT_HOME}",
    ),
    "unknown name": (
        "https://flakes.invalid/hosts.tar.gz",
        "The name flakes.invalid cannot be looked up. Is the router connected to the internet?",
    ),
    "private archive": (
        "http://SERVER/401/hosts.tar.gz",
        "This source is private or does not exist (the server answered 401). Check the address; "
        "for a private one store an access token or deploy key.",
    ),
    "private repository": (
        "git+http://SERVER/401/hosts.git",
        "This source is private or does not exist. Check the address; for a private one store an "
        "access token or deploy key.",
    ),
    "missing repository": (
        "git+http://SERVER/404/hosts.git",
        "This source is private or does not exist. Check the address; for a private one store an "
        "access token or deploy key.",
    ),
    "rate limit": (
        "http://SERVER/429/hosts.tar.gz",
        "The server has had too many requests from this address (rate limit). Store an access "
        "token with the source, or wait an hour.",
    ),
    "rate limit of git": (
        "git+http://SERVER/429/hosts.git",
        "The server has had too many requests from this address (rate limit). Store an access "
        "token with the source, or wait an hour.",
    ),
    "rate limit of a forge": (
        "http://SERVER/403/limit.tar.gz",
        "The server has had too many requests from this address (rate limit). Store an access "
        "token with the source, or wait an hour.",
    ),
    "trouble": (
        "http://SERVER/503/hosts.tar.gz",
        "127.0.0.1 has trouble of its own (the server answered 503). Look again later.",
    ),
}
"""Case → address, and the sentence that its source gets."""

UNFREE = (
    "rar-7.01 has an unfree licence, which this host does not allow. Leave it out, allow it alone "
    "with nixpkgs.config.allowUnfreePredicate, or allow every such package."
)
NOT_BOOTABLE = {
    "throws": ("Its evaluation stops: the moon is not full.", None, "hosts/flake.nix:13"),
    "absolute": (
        "It reads /etc, which is outside the flake. Put the file into the flake and use a relative "
        "path.",
        None,
        "hosts/flake.nix:14",
    ),
    "current": (
        "It uses builtins.currentSystem, which pure evaluation does not have. Name the system.",
        'system = "x86_64-linux";',
        "hosts/flake.nix:15",
    ),
    "environment": (
        "It reads an environment variable (getEnv), which is always empty in pure evaluation. "
        "'builtins.elemAt' called with index 0 on a list of size 0.",
        None,
        "hosts/flake.nix:16",
    ),
    "imports": (
        "Its evaluation needs generated to be built first (import from derivation). Allow that for "
        "this source, or avoid it in the flake.",
        None,
        "hosts/flake.nix:17",
    ),
    "unfree": (
        UNFREE,
        "nixpkgs.config.allowUnfree = true;",
        "hosts/flake.nix:19",
    ),
    "insecure": (
        "openssl-1.1.1w is marked as insecure, and this host does not permit it: OpenSSL 1.1 is "
        "reaching its end of life on 2023/09/11 and cannot be supported through the NixOS 23.05 "
        "release cycle. Use a newer one, or permit it there.",
        'nixpkgs.config.permittedInsecurePackages = [ "openssl-1.1.1w" ];',
        "hosts/flake.nix:27",
    ),
    "unfree-now": (UNFREE, "nixpkgs.config.allowUnfree = true;", "hosts/flake.nix:38"),
    "broken-now": (
        "kicad-base-10.0.5 has problems in this nixpkgs: broken: This package is broken. Use "
        "another version of it, or try it all the same.",
        'nixpkgs.config.problems.handlers.kicad-base.broken = "warn";',
        "hosts/flake.nix:43",
    ),
}
"""Host → reason, the line to add, and the place in the flake."""


@pytest.fixture(scope="module")
def here() -> Iterator[Bad]:
    with bad("input", NIXIE_LOOK_SECONDS=str(LOOK_SECONDS)) as made:
        yield made


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with refusing() as address:
        yield address


@pytest.fixture(scope="module")
def sources(here: Bad, server: str) -> dict[str, str]:
    """Every source of this file, added at once: they are looked at side by side."""
    (here.folder / "inputs/flake.lock").write_text(locked(server))
    names = {name: here.url(name) for name in ("hosts", "inputs", "limits", "changes")}
    names |= {
        case: here.url(url.removeprefix("DIR/")) if "DIR/" in url else url.replace("SERVER", server)
        for case, (url, _) in UNREADABLE.items()
    }
    return {name: here.add(url) for name, url in names.items()}


def locked(server: str) -> str:
    """A flake.lock that leads to a server which refuses."""
    nodes: dict[str, dict[str, Any]] = {
        "archive": {"type": "tarball", "url": f"http://{server}/401/archive.tar.gz"},
        "repository": {
            "type": "git",
            "url": f"http://{server}/429/repository.git",
            "rev": "0123456789abcdef0123456789abcdef01234567",
            "revCount": 1,
        },
    }
    digest = {"archive": "A", "repository": "B"}
    told = {
        name: {
            "locked": {**node, "narHash": f"sha256-{digest[name] * 43}=", "lastModified": 1},
            "original": {
                "type": node["type"],
                "url": f"http://127.0.0.1:9/{name}.{'git' if 'rev' in node else 'tar.gz'}",
            },
        }
        for name, node in nodes.items()
    }
    root = {"inputs": {name: name for name in nodes}}
    return json.dumps({"nodes": {**told, "root": root}, "root": "root", "version": 7})


def refused(act: Any, *given: Any) -> tuple[str, ...]:
    """The sentences with which the API refuses."""
    with pytest.raises(Failed) as failed:
        act(*given)
    return failed.value.sentences


# ── addresses and names ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("url", "what"),
    [
        (
            "my hosts",
            "The address has white space in it. Remove it, or write it as %20 if it belongs there.",
        ),
        (
            "hosts",
            "hosts is a registry's name, or not an address at all. Write where the flake lies, "
            "such as github:owner/repository.",
        ),
        (
            "https://github.com/lena/hosts",
            "This is a repository's page. Write github:lena/hosts.",
        ),
        (
            "path:/etc",
            "/etc is not below a directory that you allowed.",
        ),
    ],
)
def test_what_is_no_address_is_refused_beside_its_field(here: Bad, url: str, what: str) -> None:
    (said,) = refused(here.add, url)
    assert said.startswith(f"url: {what}")
    page = here.form("/sources", url=url)
    assert what.replace("'", "'") in page
    assert f'value="{url}"' in page


def test_a_machine_gets_no_host_that_is_not_there(here: Bad, sources: dict[str, str]) -> None:
    here.settled(sources["changes"])
    host = f"{sources['changes']}/slag"
    said = refused(here.router.client.put, "/machines/52:54:00:00:0b:ad/intent", {"host": host})
    name = here.router.client.get(f"/sources/{sources['changes']}")["name"]
    assert said == (f"host: {name} has no host 'slag'. It has ember.",)
    assert "52:54:00:00:0b:ad" not in json.dumps(here.router.client.get("/machines"))


def test_a_host_that_is_not_there_is_not_built(here: Bad, sources: dict[str, str]) -> None:
    here.settled(sources["changes"])
    (said,) = refused(here.router.client.post, f"/hosts/{sources['changes']}/slag/build")
    assert said.endswith("has no host 'slag'. It has ember.")


def test_a_host_that_cannot_boot_is_not_built(here: Bad, sources: dict[str, str]) -> None:
    here.settled(sources["hosts"])
    (said,) = refused(here.router.client.post, f"/hosts/{sources['hosts']}/throws/build")
    assert said == "host: throws cannot be booted. Its evaluation stops: the moon is not full."


# ── sources that cannot be read ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_source_that_cannot_be_read_says_why(
    here: Bad, sources: dict[str, str], case: str
) -> None:
    _, what = UNREADABLE[case]
    found = here.settled(sources[case])
    assert (found["state"], found["what"]) == ("unreadable", what)
    assert what in here.page(f"/sources/{sources[case]}")


def test_the_overview_lists_what_could_not_be_read(here: Bad, sources: dict[str, str]) -> None:
    for case in UNREADABLE:
        here.settled(sources[case])
    told = re.findall(r"could not be read\. ([^<]{20})", here.page("/"))
    assert len(told) == 3
    assert {one[:20] for one in told} <= {what[:20] for _, what in UNREADABLE.values()}
    assert "more sources could not be read." in here.page("/")


def test_an_input_that_cannot_be_fetched_is_named_with_its_reason(
    here: Bad, sources: dict[str, str]
) -> None:
    revision = here.settled(sources["inputs"])["revision"]
    findings = [one["what"] for one in revision["findings"] if one["where"] == "flake.lock"]
    assert findings == [
        "Input archive is private or does not exist (the server answered 401). Check the address; "
        "for a private one store an access token or deploy key.",
        "Input repository: The server has had too many requests from this address (rate limit). "
        "Store an access token with the source, or wait an hour.",
    ]


@pytest.mark.parametrize(
    ("host", "what"),
    [
        ("tarred", "Input archive is private or does not exist (the server answered 401)."),
        ("cloned", "Input repository: The server has had too many requests"),
    ],
)
def test_only_a_host_that_needs_the_input_cannot_boot(
    here: Bad, sources: dict[str, str], host: str, what: str
) -> None:
    here.settled(sources["inputs"])
    hosts = here.hosts(sources["inputs"])
    assert hosts[host]["reason"].startswith(f"It needs an input that is not here. {what}")
    assert hosts[host]["reason"] in here.page(f"/sources/{sources['inputs']}")
    assert hosts["ember"]["kind"] == "native"


# ── hosts that cannot be evaluated ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", NOT_BOOTABLE)
def test_a_host_that_cannot_be_evaluated_says_why(
    here: Bad, sources: dict[str, str], host: str
) -> None:
    reason, missing, where = NOT_BOOTABLE[host]
    here.settled(sources["hosts"])
    found = here.hosts(sources["hosts"])[host]
    assert (found["kind"], found["reason"]) == ("not-bootable", reason)
    (finding,) = found["findings"]
    assert (finding["missing"], finding["where"]) == (missing, where)
    page = here.page(f"/sources/{sources['hosts']}")
    assert reason in page
    assert where in page
    assert missing is None or missing in page


def test_a_host_without_extend_modules_says_what_to_do(here: Bad, sources: dict[str, str]) -> None:
    here.settled(sources["hosts"])
    assert here.hosts(sources["hosts"])["ancient"]["reason"] == (
        "Its configuration was made without extendModules (nixpkgs before 21.11, or a function of "
        "its own), so Nixie cannot add its modules. Update nixpkgs, or serve it exactly as built."
    )


def test_an_evaluation_without_end_is_stopped(here: Bad, sources: dict[str, str]) -> None:
    here.settled(sources["limits"])
    assert here.hosts(sources["limits"])["endless"]["reason"] == (
        f"Its evaluation took longer than {LOOK_SECONDS} s and was stopped. Look for a loop in it; "
        "a host that is only large gets more time with NIXIE_LOOK_SECONDS."
    )


def test_an_evaluation_that_takes_all_memory_is_stopped(here: Bad, sources: dict[str, str]) -> None:
    here.settled(sources["limits"])
    assert re.fullmatch(
        r"Its evaluation needed more than \d+(\.\d+)? GiB of memory and was stopped\. Look for a "
        r"list or a text in it that grows without end; a host that is only large gets more with "
        r"NIXIE_LOOK_GIBIBYTES, or from a builder that evaluates\.",
        here.hosts(sources["limits"])["bomb"]["reason"],
    )


def test_hosts_beside_greedy_ones_are_built(here: Bad, sources: dict[str, str]) -> None:
    here.settled(sources["limits"])
    assert here.built(f"{sources['limits']}/ember")["state"] == "built"


# ── builds ────────────────────────────────────────────────────────────────────────────────────────


def test_a_build_that_fails_says_what_the_builder_said(here: Bad, sources: dict[str, str]) -> None:
    here.settled(sources["hosts"])
    build = here.built(f"{sources['hosts']}/fails")
    what = (
        "kernel-of-fails could not be built: the ruler is missing. Correct it in the flake, then "
        "look at the source again."
    )
    assert (build["state"], build["what"]) == ("failed", what)
    assert what in here.page(f"/builds/{build['id']}")
    assert "fails</b></a> could not be built. kernel-of-fails" in here.page("/")


def test_a_ramdisk_of_4_gib_is_not_published(here: Bad, sources: dict[str, str]) -> None:
    here.settled(sources["hosts"])
    build = here.built(f"{sources['hosts']}/huge")
    what = (
        "The host's store has 4.0 GiB packed; a ramdisk takes less than 4 GiB. Make the host "
        "smaller, or move data out of it. With boot.initrd.systemd.enable, and not served as "
        "built, its first stage fetches a store of any size."
    )
    assert (build["state"], build["what"]) == ("failed", what)
    assert what in here.page(f"/builds/{build['id']}")
    assert here.router.client.get(f"/hosts/{sources['hosts']}/huge")["image"] is None


def test_import_from_derivation_works_once_it_is_allowed(
    here: Bad, sources: dict[str, str]
) -> None:
    here.settled(sources["hosts"])
    here.router.client.patch(f"/sources/{sources['hosts']}", {"allow_ifd": True})
    until(lambda: here.hosts(sources["hosts"])["imports"]["kind"] == "native", "imports can boot")
    assert here.built(f"{sources['hosts']}/imports")["state"] == "built"


# ── what was confirmed stays ──────────────────────────────────────────────────────────────────────


def test_what_was_built_is_served_when_its_flake_breaks(here: Bad, sources: dict[str, str]) -> None:
    source, mac = sources["changes"], "52:54:00:00:0b:0a"
    here.settled(source)
    image = here.built(f"{source}/ember")["image"]
    here.router.client.put(f"/machines/{mac}/intent", {"host": f"{source}/ember"})
    until(lambda: mac in json.dumps(here.table()["macs"]), "the table names the machine")
    before = script(here, mac)

    flake = here.folder / "changes/flake.nix"
    flake.write_text(flake.read_text().replace('"quiet"', '(throw "the ink is dry")'))
    assert here.refreshed(source)["state"] == "ready"
    host = here.hosts(source)["ember"]
    assert (host["kind"], host["image"]) == ("not-bootable", image)
    assert host["reason"] == "Its evaluation stops: the ink is dry."
    assert script(here, mac) == before

    flake.write_text(flake.read_text().replace('(throw "the ink is dry")', "token"))
    found = here.refreshed(source)
    what = "It uses token, which nobody defines. Look for a typing mistake."
    assert (found["state"], found["what"]) == ("unreadable", what)
    assert f"{what} What was published before is still served." in here.page(f"/sources/{source}")
    assert script(here, mac) == before

    here.folder.joinpath("changes").rename(here.folder / "elsewhere")
    assert here.refreshed(source)["state"] == "unreadable"
    assert script(here, mac) == before


def script(here: Bad, mac: str) -> str:
    """What a machine of the LAN is told to boot, without what is new each time."""
    address = ("ip", "address", "replace", "10.77.0.250/24", "dev", "switch")
    url = f"http://10.77.0.1/s/{mac.replace(':', '-')}"
    told = here.inside_lan("sh", "-c", f"{' '.join(address)}; curl -sS {url}")
    assert "bzImage" in told
    return re.sub(r"/b/[^/]+/|/up/\S+", "/…/", told)


# ── machines ──────────────────────────────────────────────────────────────────────────────────────


def test_a_machine_that_no_loader_fits_is_told_apart(here: Bad) -> None:
    mac = "52:54:00:00:0b:32"
    asked = (CAPTURES / "arm64-discover.hex").read_text().split("\n")[1]
    arm32 = asked.replace("525400004001", mac.replace(":", ""))
    arm32 = arm32.replace("5d02000b", "5d02000a").replace("3030303131", "3030303130")

    def offered() -> Any:
        """Firmware asks again, and DHCP listens for others before its first answer."""
        here.inside_lan("python3", "-c", SEND, arm32)
        rows = here.router.client.get("/boots", mac=mac)
        return [row for row in rows if row["diagnosis"] not in (None, "listening")]

    (row,) = until(offered, "the boot has a diagnosis")
    assert row["diagnosis"] == "loader-missing"
    page = here.page(f"/boots/{row['id']}")
    assert "The loader for this kind of machine is not installed<" in page
    assert "No loader for this architecture (UEFI ARM 32-bit) is installed" in page
    assert "bin-arm32-efi" in page


SEND = """
import socket, sys
wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
wire.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
wire.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"switch")
wire.bind(("", 68))
wire.sendto(bytes.fromhex(sys.argv[1]), ("255.255.255.255", 67))
"""
