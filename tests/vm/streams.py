"""Conversations through the router VM, from one of its namespaces to another (stream_guest.py)."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.live.waiting import until
from tests.vm.router_vm import RouterVm

SECONDS = 300.0  # an emulated processor has a tenth of the speed
CONNTRACK = "/proc/net/nf_conntrack"
SHORT = "[OFFLOAD]"


def stream(vm: RouterVm, *words: str) -> tuple[str, ...]:
    """The command for stream_guest.py."""
    home = vm.home.home
    return (str(home / "venv/bin/python"), "-P", str(home / "stream_guest.py"), *words)


def hears(vm: RouterVm, address: str, port: str, file: str) -> int:
    """Somebody on the internet takes one conversation; its process."""
    vm.run("rm", "-f", file)
    started = vm.start(*stream(vm, "hears", address, port, file), within="isp")
    until(lambda: vm.does("test", "-e", file), "somebody listens", SECONDS)
    return started


def arrived(vm: RouterVm, file: str) -> int:
    """Bytes that came so far."""
    return int(vm.read(file) or 0)


@contextmanager
def conversation(vm: RouterVm, address: str, port: str, file: str) -> Iterator[None]:
    """One from the LAN to the internet that goes on, for the length of a block."""
    listens = hears(vm, address, port, file)
    sends = vm.start(*stream(vm, "sends", address, port, "0.05", "3600"), within="pc")
    until(lambda: arrived(vm, file) > 5000, "it goes on", SECONDS)
    yield
    vm.run("sh", "-c", f"kill {listens} {sends}; true")


def is_short(vm: RouterVm, port: str) -> bool:
    """Has the kernel put a conversation to that port on its short way?"""
    rows = vm.read(CONNTRACK).splitlines()
    return any(SHORT in row for row in rows if f"dport={port} " in row)
