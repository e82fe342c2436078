import pytest

from appliance.errors import Refused
from appliance.roles import CONFINED, FETCHERS
from services.nix.fetch_job import USERS, fetcher


def test_every_user_that_fetches_is_confined() -> None:
    assert {"fetch", *FETCHERS} == USERS
    assert set(CONFINED) >= USERS


def test_no_other_user_fetches() -> None:
    assert fetcher("fetch-8") == "fetch-8"
    for name in ("remote", "eval", "", None, "fetch-0"):
        with pytest.raises(Refused):
            fetcher(name)
