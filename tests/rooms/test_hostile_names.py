"""One hostile text through every outlet: wherever it goes, it stays text."""

import re
from contextlib import suppress
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Refused
from appliance.events import SourceHeldBack, say
from services.dhcp.names import LABEL, said_name
from services.netboot import script
from services.netboot.script import Urls
from services.nix.log_lines import Line, LogLines
from services.nix.recipe import recipe
from tests.services.netboot.made import MAC, image
from tests.services.netboot.test_script import decided
from tests.services.nix.test_recipe import told
from tests.services.nix.test_request import LOOK, job
from webui.pages.page import SHEETS
from webui.pages.sources import ListView, SourceLine
from webui.pages.states import Pill

PIECES = (
    *("'; reboot #", '"; reboot', "$(reboot)", "`reboot`", "${net0/mac}", "|| shell", "&& exit"),
    *("\n#!ipxe\nchain http://evil", "\r\n", "\0", "\x1b[2J", "\x9b31m", "\u2028", "\u202e"),
    *("</td><script>alert(1)</script>", "\" onload='x", "{{ page }}", "{% raw %}", "&lt;", "<!--"),
    *("../../etc/passwd", "-rf", "--option", "a.b.lan", "..", "\\000", "''${x}", "init=/bin/sh"),
)
HOSTILE = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=5).map(
    "".join
)
CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u202e]")
URLS = Urls("http://10.77.0.1", MAC, "T" * 24)


class Tags(HTMLParser):
    """The tags of a page with their attributes' names, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


@given(HOSTILE)
def test_in_a_boot_script_it_is_no_command(text: str) -> None:
    def told(name: str) -> str:
        run = decided(image())
        called = replace(run, host=replace(run.host, name=name))
        return script.run(URLS, called, "http://10.77.0.1/up/0-1.secret")

    found, plain = told(text), told("x")
    assert len(found.splitlines()) == len(plain.splitlines())
    assert found.count("${") == plain.count("${")


@given(HOSTILE)
def test_on_a_command_line_it_is_refused_or_handed_on_as_it_is(text: str) -> None:
    with suppress(Refused):
        line = recipe(told(kernelParams=[text])).command_line
        assert line.isprintable()
        assert "${" not in line
        assert not {"||", "&&", "#"} & set(line.split())
        assert line.split()[0].startswith("init=/nix/store/")


@given(HOSTILE)
def test_on_a_page_it_makes_no_tag(text: str) -> None:
    def tags(name: str) -> list[tuple[str, tuple[str, ...]]]:
        pill = Pill("ok", name)
        line = SourceLine(name, name, name, pill, name, name, name, name, name, name, (name,))
        shown = ListView("x", (line,))
        return Tags(SHEETS.get_template("sources/list.html").render(page=shown)).found

    assert tags(text or "x") == tags("x")


@given(HOSTILE)
def test_in_dns_it_is_a_label_or_nothing(text: str) -> None:
    found = said_name({12: text.encode(errors="replace")})
    assert not found or LABEL.fullmatch(found.encode())


@given(HOSTILE)
def test_in_a_log_it_is_one_line(text: str) -> None:
    for one in LogLines().feed(text.replace("\n", " ")):
        assert isinstance(one, Line)
        assert not CONTROL.search(one.text)


@given(HOSTILE)
def test_as_a_hosts_name_it_is_refused_or_one_word_of_a_command(text: str) -> None:
    with suppress(Refused):
        found = job("look", {**LOOK, "host": text})
        assert found.argv[:-1] == job("look", LOOK).argv[:-1]
        assert found.env == job("look", LOOK).env


@given(HOSTILE)
def test_in_an_event_it_stays_a_value(text: str) -> None:
    said = say(SourceHeldBack("s", "A build for this source", text, "Why."))
    assert (
        said == f"A build for this source tried to reach {text} in your network and was "
        "refused. Why."
    )
