"""/names: how names are answered, as a program sees it."""

from contextlib import closing

from appliance.store import names
from tests.webui.conftest import Admin

API = "/api/v1/names"


def test_before_the_role_runs_there_is_nothing(admin: Admin) -> None:
    with admin.local() as box:
        assert box.get(API).json() == {
            "at": None,
            "counts": {},
            "upstreams": [],
            "blocklists": [],
            "paused_until": 0.0,
        }


def test_what_the_role_said_is_told(admin: Admin) -> None:
    server = {
        "address": "9.9.9.9",
        "tls_name": None,
        "well": True,
        "asked": 2,
        "answered": 2,
        "seconds": 0.01,
    }
    body = {"counts": {"asked": 3}, "upstreams": [server], "paused_until": 0.0}
    with closing(names.opened(admin.state / "dns.db")) as own:
        names.keep_standing(own, body, 100.0)
        names.keep_problem(own, "https://a.example/b", "It is gone.", 90.0)
    with admin.local() as box:
        told = box.get(API).json()
    assert (told["at"], told["counts"], told["upstreams"]) == (100.0, {"asked": 3}, [server])
    assert [one["problem"] for one in told["blocklists"]] == ["It is gone."]


def test_a_pause_is_answered_when_the_role_says_so(admin: Admin) -> None:
    with admin.local() as box:
        done = box.put(f"{API}/pause", json={"minutes": 5}).json()
        wish = f"/api/v1/wishes/{done['wish']}"
        assert box.get(wish).json()["state"] == "waiting"
        until = box.get(API).json()["paused_until"]
        body = {"counts": {}, "upstreams": [], "paused_until": until}
        with closing(names.opened(admin.state / "dns.db")) as own:
            names.keep_standing(own, body, 100.0)
        assert box.get(wish).json()["state"] == "done"


def test_a_pause_can_be_ended(admin: Admin) -> None:
    with admin.local() as box:
        box.put(f"{API}/pause", json={"minutes": 5})
        before = box.get(API).json()["paused_until"]
        assert box.delete(f"{API}/pause").json()["what"] == "Names are blocked again."
        assert box.get(API).json()["paused_until"] < before


def test_a_pause_of_no_length_is_refused(admin: Admin) -> None:
    with admin.local() as box:
        assert box.put(f"{API}/pause", json={"minutes": 0}).status_code == 422
