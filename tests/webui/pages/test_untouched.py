"""A form that is sent as it was shown changes nothing, whatever the configuration says."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from appliance.actions import draft
from appliance.model.check import problems
from appliance.model.firewall import Ends, Ports
from appliance.model.wan import Wan
from tests.appliance.model.everything import EVERYTHING, NAS, NETWORK
from tests.webui.home import OWNER
from tests.webui.pages.conftest import Home

FORM = re.compile(r'<form[^>]*method="post"[^>]*action="([^"]*)"[^>]*>(.*?)</form>', re.S)
ENDS = Ends((NAS.mac,))
SOUND = replace(
    EVERYTHING,
    networks=(replace(NETWORK, ports=("enp2s0",)),),
    wan=replace(EVERYTHING.wan or Wan("enp1s0"), port="enp1s0", static=None),
    rules=(
        replace(
            EVERYTHING.rules[0], source="home", destination="home", senders=ENDS, receivers=ENDS
        ),
    ),
    forwards=(replace(EVERYTHING.forwards[0], outside=Ports(8443)),),
)
"""Every setting that can stand beside the others is at something else than its default."""
PAGES = (
    "/networks/lan/settings",
    f"/networks/lan/addresses?edit={NAS.mac}",
    "/networks/internet",
    "/networks/router",
    "/networks/time",
    "/firewall/rules/bedtime",
    "/firewall/forwards/web",
    "/firewall/zones/home",
    "/names/servers",
    "/names/blocking",
)


@pytest.fixture
def house(lived_in: Home) -> Iterator[Home]:
    """With a draft that says something everywhere."""
    assert problems(SOUND) == ()
    draft.edit(lived_in.desk, OWNER, lambda _: SOUND, "Everything.")
    yield lived_in
    assert draft.edited(lived_in.desk) == SOUND


@pytest.mark.parametrize("path", PAGES)
def test_a_form_that_is_sent_untouched_changes_nothing(house: Home, path: str) -> None:
    sent = list(forms(house.get(path)))
    assert sent
    for action, fields in sent:
        answer = house.client.post(action, data=fields)
        assert answer.status_code == 200, answer.text
        assert draft.edited(house.desk) == SOUND, action


def forms(page: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a browser would send of each form that has the draft as its end."""
    for action, inside in FORM.findall(page.partition("<main")[2]):
        if "main-act" in inside:  # the others add something, or take it away
            yield html.unescape(action), filled(inside)


def filled(inside: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", inside):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        switch = found.get("type", "text") in ("checkbox", "radio")
        if "name" in found and not (switch and not re.search(r"\schecked\b", tag)):
            fields.setdefault(found["name"], []).append(html.unescape(found.get("value", "")))
    for name, text in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>(.*?)</textarea>', inside, re.S):
        fields[name] = html.unescape(text)
    for name, body in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', inside, re.S):
        options = re.findall(r'value="([^"]*)"( selected)?', body)
        fields[name] = next((value for value, chosen in options if chosen), options[0][0])
    return fields
