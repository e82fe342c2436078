"""What stays up for years: `nixie run` and `nixie lab`, in a process that parses no command line.

Typer and what it needs weigh 8 MB; the commands check what was typed and become this (`become`).
"""

import json
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from appliance import assemble
from appliance.cli.demo import first_machine
from appliance.errors import NixieError

DEFAULT_MAC = "52:54:00:6e:69:78"


def words(name: str, state: Path, **asked: object) -> tuple[str, str]:
    """The command line that stays as `name`; what was asked goes as JSON."""
    return "stay", json.dumps({"name": name, "state": str(state.resolve()), **asked})


def stay(asked: str) -> int:
    """Be what `words` asked for, until stopped; the exit code."""
    wanted = json.loads(asked)
    work, state = STAYS[wanted.pop("name")], Path(wanted.pop("state"))
    return ended(lambda: work(state, **wanted))


def ended(work: assemble.Work) -> int:
    """Run `work`; a deliberate error is a sentence and exit code 1."""
    try:
        return work()
    except NixieError as error:
        print(f"nixie: {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 130


def lab(state: Path, prefix: str, port: int, *, demo: bool) -> int:
    """`nixie lab`; a demonstration boots the sample's host."""
    sample = assemble.installed().home / "sample"
    then = partial(first_machine, state, sample=sample, mac=DEFAULT_MAC) if demo else None
    return assemble.lab(state, prefix, port, then)


STAYS: Mapping[str, Callable[..., int]] = {"run": assemble.run, "lab": lab}
