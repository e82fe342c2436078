"""`nixie bench`: us and the peer on the same work, in the same run."""

import json
from typing import Annotated

import typer

from appliance import assemble
from appliance.cli.everywhere import Json
from appliance.cli.stay import ended


def add(app: typer.Typer) -> None:
    """Put the command on `app`."""
    app.command()(bench)


def bench(
    work: Annotated[str, typer.Argument(help=", ".join((*assemble.WORKS, "all")))] = "all",
    as_json: Json = False,
) -> None:
    """Measure; nothing is judged.  Needs root, and what `make bench` sets up."""
    if work != "all" and work not in assemble.WORKS:
        typer.echo(f"There is no work {work!r}; there are {', '.join(assemble.WORKS)}.", err=True)
        raise typer.Exit(2)

    def measure() -> int:
        for name in assemble.WORKS if work == "all" else (work,):
            for result in assemble.bench(name):
                typer.echo(json.dumps(result) if as_json else _line(result))
        return 0

    raise typer.Exit(ended(measure))


def _line(result: dict[str, object]) -> str:
    """One work: both figures and the ratio."""
    told = [f"{key} {value}" for key, value in result.items() if key != "work"]
    return f"{result['work']}: " + "; ".join(told)
