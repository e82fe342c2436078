"""What the service's environment and its messages mean (sd_listen_fds(3), sd_notify(3))."""

from collections.abc import Mapping, Sequence

FIRST_DESCRIPTOR = 3


def handed(environ: Mapping[str, str], pid: int) -> dict[str, int]:
    """Name to descriptor of the sockets handed to process `pid`; {} when there are none.

    LISTEN_PID of another process means they are not for us.  A descriptor without a name, or with
    a name that an earlier one has, is called "fd3", "fd4" …
    """
    if environ.get("LISTEN_PID", str(pid)) != str(pid):
        return {}
    count = environ.get("LISTEN_FDS", "")
    if not count.isascii() or not count.isdigit():
        return {}
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    found: dict[str, int] = {}
    for place in range(int(count)):
        descriptor = FIRST_DESCRIPTOR + place
        name = names[place] if place < len(names) else ""
        found[name if name and name not in found else f"fd{descriptor}"] = descriptor
    return found


def listening(names: Sequence[str]) -> dict[str, str]:
    """The variables that hand over sockets called `names`, in that order; LISTEN_PID is the
    starter's to set.

    >>> listening(["dhcp.br-lan", "pxe.br-lan"])
    {'LISTEN_FDS': '2', 'LISTEN_FDNAMES': 'dhcp.br-lan:pxe.br-lan'}
    """
    return {"LISTEN_FDS": str(len(names)), "LISTEN_FDNAMES": ":".join(names)}


def heard(message: bytes) -> dict[str, str]:
    """Fields of one notification; a line without "=" says nothing.

    >>> heard(b"READY=1\\nSTATUS=serving lan\\n")
    {'READY': '1', 'STATUS': 'serving lan'}
    """
    lines = message.decode("utf-8", "replace").splitlines()
    return {name: value for name, mark, value in (line.partition("=") for line in lines) if mark}
