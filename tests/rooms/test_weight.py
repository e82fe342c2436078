"""What each role has loaded once it runs: a packet role carries nothing that only web needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = frozenset(
    {
        "aiohttp", "alembic", "cryptography", "dnslib", "fastapi", "httpx", "jinja2", "pydantic",
        "pyroute2", "sqlalchemy", "sqlmodel", "ssl", "starlette", "tftpy", "typer", "uvicorn",
    }
)  # fmt: skip
CARRIES: dict[str, set[str]] = {
    "net": {"pyroute2", "ssl"},
    "dhcp": set(),
    "dns": {"dnslib", "ssl"},
    "wan": set(),
    "notice": {"ssl"},
    "boot": {"aiohttp", "tftpy"},
    "build": set(),
    "web": {
        "fastapi", "jinja2", "pydantic", "sqlalchemy", "sqlmodel", "ssl", "starlette", "uvicorn"
    },
}  # fmt: skip
"""Role to what of the above it may load: exactly this."""

# A role has started when it has loaded nothing new for many turns of its loop.
START = """
import sys
from appliance.__main__ import lean
lean(sys.argv[1])
import asyncio, os
from appliance.assemble import PARTS
from appliance.faults import no_fault
from appliance.signs import NO_SIGNS

async def main():
    role = asyncio.create_task(PARTS[sys.argv[1]](no_fault, NO_SIGNS))
    quiet = known = 0
    while quiet < 40 and not role.done():
        await asyncio.sleep(0.02)
        quiet, known = (quiet + 1, known) if len(sys.modules) == known else (0, len(sys.modules))
    if role.done():
        role.result()
    print(*{name.partition(".")[0] for name, one in sys.modules.items() if one}, flush=True)
    os._exit(0)

asyncio.run(main())
"""
SUPERVISE = """
import sys
from appliance.__main__ import lean
lean("supervisor")
from pathlib import Path
import appliance.cli.stay
import services.supervisor.serve
from appliance.assemble import router_plan
router_plan(Path(sys.argv[1]))
print(*{name.partition(".")[0] for name, one in sys.modules.items() if one})
"""


def carried(script: str, word: str, state: Path) -> set[str]:
    """Top-level modules of a process that runs `script`."""
    (state / "secrets/web").mkdir(parents=True)
    (state / "run").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", script, word],
        cwd=ROOT,
        env={**os.environ, "NIXIE_STATE": str(state), "LISTEN_PID": "", "NOTIFY_SOCKET": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split()) & HEAVY


@pytest.mark.parametrize("role", sorted(CARRIES))
def test_a_role_carries_what_it_needs(role: str, tmp_path: Path) -> None:
    assert carried(START, role, tmp_path / "state") == CARRIES[role]


def test_the_supervisor_carries_nothing_heavy(tmp_path: Path) -> None:
    assert carried(SUPERVISE, str(tmp_path / "state"), tmp_path / "state") == set()


def test_every_role_is_weighed() -> None:
    from appliance.assemble import PARTS

    assert set(CARRIES) == set(PARTS)
