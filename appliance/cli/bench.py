"""`nixie bench`: us and the peer on the same work, in the same run."""

import json
from collections.abc import Mapping
from typing import Annotated

import typer

from appliance import assemble
from appliance.cli.everywhere import Json
from appliance.cli.stay import ended

WANTED: Mapping[str, str] = {
    "dhcp": "ratio at least 1, of CPU at most 0.8",
    "dns-hits": "ratio at least 1, of CPU at most 1",
    "dns-misses": "ratio at least 4",
    "dns-far-misses": "ratio at least 4",
    "tftp-window-32": "ratio at least 5",
    "tftp-lock-step": "ratio at least 0.85",
    "tftp-50-clients": "ratio at least 2, none failed",
    "boot-http-300-mb": "ratio at least 0.8, of CPU at most 1.3",
    "cache-narinfo": "ratio at least 0.2: nginx has them finished, as files",
    "cache-nar-large": "ratio at least 0.65",
    "cache-nar-tree": "118 MB/s, what a cable of 1 Gb/s carries, on a quiet machine",
    "firewall-1000-rules": "ratio at least 0.77: a swap takes at most 1.3 times as long",
    "lan-address-change": "at most 1 second beyond the kernel",
    "forward": "ratio at least 0.95",
    "source-to-image": "ratio at least 0.83: at most 1.2 times the time",
    "build-50-derivations": "ratio at least 0.91: at most 1.1 times the time",
    "memory": "ratio at most 1",
}
"""What each figure is meant to be."""


def add(app: typer.Typer) -> None:
    """Put the command on `app`."""
    app.command()(bench)


def bench(
    work: Annotated[str, typer.Argument(help=", ".join((*assemble.WORKS, "all")))] = "all",
    as_json: Json = False,
) -> None:
    """Measure, and say what is wanted; nothing is judged.

    Needs root, and what `make bench` sets up.
    """
    if work != "all" and work not in assemble.WORKS:
        typer.echo(f"There is no work {work!r}; there are {', '.join(assemble.WORKS)}.", err=True)
        raise typer.Exit(2)

    def measure() -> int:
        for name in assemble.WORKS if work == "all" else (work,):
            for result in assemble.bench(name):
                result["wanted"] = WANTED[str(result["work"])]
                typer.echo(json.dumps(result) if as_json else _line(result))
        return 0

    raise typer.Exit(ended(measure))


def _line(result: dict[str, object]) -> str:
    """One work: both figures and the ratio."""
    told = [f"{key} {value}" for key, value in result.items() if key != "work"]
    return f"{result['work']}: " + "; ".join(told)
