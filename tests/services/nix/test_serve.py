"""The build role without any Nix: what it owes to the others it does all the same."""

import asyncio
import json
from pathlib import Path

from appliance.model.installed import Installed
from appliance.signs import NO_SIGNS
from services.nix.serve import serve


def test_a_table_that_could_not_be_written_is_written_as_soon_as_it_can(tmp_path: Path) -> None:
    table = tmp_path / "published/table.json"
    table.mkdir(parents=True)  # something is in its way
    none = tmp_path / "none"
    nothing = Installed(none, none, none, None, none, none, none)

    async def run() -> None:
        role = asyncio.create_task(serve(tmp_path, nothing, tmp_path / "none", NO_SIGNS))
        while not table.with_name(".table.json.new").exists():
            await asyncio.sleep(0.01)
        table.rmdir()
        async with asyncio.timeout(60):
            while not table.exists():
                await asyncio.sleep(0.01)
        role.cancel()
        await asyncio.gather(role, return_exceptions=True)

    asyncio.run(run())
    assert json.loads(table.read_text())["hosts"] in ([], {})
