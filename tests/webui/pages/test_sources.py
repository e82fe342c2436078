import re

from tests.appliance.actions.test_sources import HOST_KEY, KEY
from tests.webui.pages.conftest import Home


def test_an_added_source_opens_its_page(lived_in: Home) -> None:
    html = lived_in.post("/sources", url="github:lena/attic", interval="900")
    assert "github:lena/attic</h1>" in html
    assert "every 15\N{NO-BREAK SPACE}min" in html


def test_an_address_that_is_none_is_said_beside_it(lived_in: Home) -> None:
    html = lived_in.post("/sources", url="not a flake", trust="stranger")
    assert 'value="not a flake" aria-invalid="true"' in html
    assert 'value="stranger" checked' in html


def test_a_name_that_is_taken_opens_the_further_settings(lived_in: Home) -> None:
    html = lived_in.post("/sources", url="github:lena/attic", name="homelab")
    assert '<details class="extra" open>' in html


def test_a_source_that_cannot_be_read_says_why_in_the_list(home: Home) -> None:
    assert "asks for a user name" in home.get("/sources")


def test_a_finding_comes_with_the_missing_line(home: Home) -> None:
    html = home.get(f"/sources/{home.ids['homelab']}")
    assert "hosts/ember/default.nix:18" in html
    assert "+ boot.initrd.availableKernelModules" in html


def test_specialisations_stand_below_their_host(home: Home) -> None:
    row = home.get(f"/sources/{home.ids['homelab']}").partition('id="host-ember"')[2]
    assert "kiosk" in row.partition("</th>")[0]


def test_a_host_that_cannot_boot_has_no_build_button(home: Home) -> None:
    row = home.get(f"/sources/{home.ids['homelab']}").partition('id="host-slag"')[2]
    assert "<button" not in row.partition("</tr>")[0]


def test_a_host_that_is_being_built_leads_to_its_build(home: Home) -> None:
    row = home.get(f"/sources/{home.ids['homelab']}").partition('id="host-crucible"')[2]
    assert 'href="/builds/b1"' in row.partition("</tr>")[0]


def test_asking_for_a_build_is_told(lived_in: Home) -> None:
    source = lived_in.ids["homelab"]
    html = lived_in.post(f"/sources/{source}/build", host=lived_in.ids["ember"])
    assert "ember waits to be built." in html


def test_a_key_that_is_none_is_said_beside_it(lived_in: Home) -> None:
    path = f"/sources/{lived_in.ids['homelab']}/key"
    html = lived_in.post(path, kind="ssh-key", secret="not a key")
    assert 'id="secret-e"' in html
    assert "not a key" not in html


def test_a_kept_key_is_never_shown_again(lived_in: Home) -> None:
    path = f"/sources/{lived_in.ids['homelab']}/key"
    html = lived_in.post(path, kind="token", secret="glpat-0123456789")
    assert "glpat-0123456789" not in html
    assert "one is kept" in html


def test_a_host_key_that_is_none_is_said_beside_it(lived_in: Home) -> None:
    path = f"/sources/{lived_in.ids['homelab']}/key"
    wrong = "ssh-ed25519 AAAA me@box"
    html = lived_in.post(path, kind="ssh-key", secret="x", known_hosts=wrong)
    assert 'id="known_hosts-e"' in html
    assert f">{wrong}</textarea>" in html


def test_a_kept_host_key_is_shown_again(lived_in: Home) -> None:
    path = f"/sources/{lived_in.ids['homelab']}/key"
    html = lived_in.post(path, kind="ssh-key", secret=KEY, known_hosts=HOST_KEY)
    assert f">{HOST_KEY}\n</textarea>" in html
    assert '<option value="ssh-key" selected>' in html


def test_a_source_by_ssh_says_how_its_host_key_is_read(lived_in: Home) -> None:
    url = "git+ssh://git@git.example.org:2222/hosts"
    page = lived_in.post("/sources", deed="add", url=url)
    (settings,) = set(re.findall(r"/sources/[^/\"]+/settings", page))
    html = lived_in.get(settings)
    assert '<option value="ssh-key" selected>' in html
    assert "<code>ssh-keyscan -p 2222 git.example.org</code>" in html


def test_a_directory_can_be_allowed(lived_in: Home) -> None:
    assert "/srv/flakes" in lived_in.post("/directories", path="/srv/flakes")
