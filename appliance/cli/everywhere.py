"""What every command has: --json, which router is meant, and exit codes.

`command` adds the options to a function's own, so that they stand where people type them: last.
"""

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from appliance.cli.client import LATE, REFUSED, Client, Failed, Where
from appliance.cli.words import quoted

STATE = "/var/lib/nixie"
SOON_SECONDS = 1.0  # a role that runs has refused by then

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]

_WHICH = "Which router"
OPTIONS: tuple[tuple[str, Any, Any], ...] = (
    ("as_json", Json, False),
    (
        "its_state",
        Annotated[
            str,
            typer.Option(
                "--state", envvar="NIXIE_STATE", help="Its state directory.", rich_help_panel=_WHICH
            ),
        ],
        STATE,
    ),
    (
        "its_url",
        Annotated[
            str,
            typer.Option(
                "--url", envvar="NIXIE_URL", help="Its admin's address.", rich_help_panel=_WHICH
            ),
        ],
        "",
    ),
    (
        "its_token",
        Annotated[
            str,
            typer.Option(
                "--token", envvar="NIXIE_TOKEN", help="A token for --url.", rich_help_panel=_WHICH
            ),
        ],
        "",
    ),
    (
        "its_ca",
        Annotated[
            str,
            typer.Option(
                "--ca", envvar="NIXIE_CA", help="Its ca.crt, for --url.", rich_help_panel=_WHICH
            ),
        ],
        "",
    ),
)
"""(name, type, default) of the options that every command has."""


@dataclass(frozen=True, slots=True)
class Call:
    """What one call of the program was told."""

    client: Client
    as_json: bool

    def show(self, answer: Any, text: Callable[[], str] | str) -> None:
        """Print the answer: as JSON for scripts, as text for people."""
        if self.as_json:
            typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        else:
            typer.echo(text() if callable(text) else text)

    def did(self, done: Any) -> None:
        """Print what an act came to; a role that refuses it soon is heard."""
        if done.get("wish"):
            self.answer(done["wish"], SOON_SECONDS, late=False)
        self.show(done, str(done["what"]))

    def answer(self, wish: str, seconds: float, *, late: bool = True) -> Any:
        """What became of a wish.  Raises Failed when it was refused, or (`late`) not in time."""
        look = f"/wishes/{quoted(wish)}"
        try:
            found = self.client.until(
                lambda: self.client.get(look),
                lambda now: now["state"] != "waiting",
                seconds,
                lambda now: str(now["what"]),
            )
        except Failed as failed:
            if late or failed.code != LATE:
                raise
            return None
        if found["state"] == "refused":
            raise Failed(REFUSED, str(found["what"]))
        return found


def noun(text: str) -> typer.Typer:
    """A group of commands about one noun."""
    return typer.Typer(help=text, no_args_is_help=True)


def command(
    group: typer.Typer, name: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function `(call, its own options…)` a command of `group`."""

    def made(function: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        more = [
            inspect.Parameter(
                option, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind
            )
            for option, kind, default in OPTIONS
        ]

        def run(**given: Any) -> None:
            where = Where(
                state=Path(given.pop("its_state")),
                url=given.pop("its_url"),
                token=given.pop("its_token"),
                ca=given.pop("its_ca"),
            )
            client = Client(where)
            try:
                function(Call(client, given.pop("as_json")), **given)
            except Failed as failed:
                for sentence in failed.sentences:
                    typer.echo(sentence, err=True)
                raise typer.Exit(failed.code) from None
            finally:
                client.close()

        run.__name__, run.__doc__ = function.__name__, function.__doc__
        run.__signature__ = inspect.Signature([*own, *more])  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in (*own, *more)}
        group.command(name)(run)
        return function

    return made
