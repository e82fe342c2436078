import json
import re

from appliance.store import boots
from appliance.store.open import writer
from tests.webui.pages.conftest import Home


def made(home: Home, **form: str) -> str:
    return home.post("/system/tokens", **{"name": "monitoring", "scope": "read", **form})


def secret(html: str) -> str:
    found = re.search(r'id="secret"[^>]*>(nixie_[\w-]+)<', html)
    assert found is not None
    return found[1]


def test_a_new_token_is_shown_once(lived_in: Home) -> None:
    shown = secret(made(lived_in))
    html = lived_in.get("/system")
    assert "monitoring" in html
    assert shown not in html


def test_a_new_token_opens_the_api(lived_in: Home) -> None:
    key = secret(made(lived_in))
    lived_in.client.cookies.clear()
    answer = lived_in.client.get("/api/v1/me", headers={"authorization": f"Bearer {key}"})
    assert answer.json()["scopes"] == ["read"]


def test_a_token_is_revoked(lived_in: Home) -> None:
    key = secret(made(lived_in))
    path = re.search(r'action="(/system/tokens/[^"]+/revoke)"', lived_in.get("/system"))
    assert path is not None
    assert "No program has a key." in lived_in.post(path[1])
    lived_in.client.cookies.clear()
    answer = lived_in.client.get("/api/v1/me", headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 401


def test_a_token_made_twice_by_one_form_is_one(lived_in: Home) -> None:
    assert secret(made(lived_in, once="w")) == secret(made(lived_in, once="w"))
    assert lived_in.get("/system").count("/revoke") == 1


def test_a_life_that_is_no_number_is_said_beside_it(lived_in: Home) -> None:
    html = made(lived_in, days="long")
    assert 'aria-describedby="days-hint days-e"' in html


def test_an_empty_life_has_no_end(lived_in: Home) -> None:
    made(lived_in, days=" ")
    assert "when revoked" in lived_in.get("/system")


def test_a_machine_without_a_loader_is_told_what_is_missing(lived_in: Home) -> None:
    assert "Loaders that are missing" not in lived_in.get("/system")
    file = writer(lived_in.state / "boot.db", boots.MIGRATIONS)
    boots.save_own(file, boots.MISSING_LOADERS, json.dumps(["No loader for 32-bit UEFI."]))
    file.close()
    assert "No loader for 32-bit UEFI." in lived_in.get("/system").partition('id="loaders"')[2]
