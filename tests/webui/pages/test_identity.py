"""Who a machine is, on its page."""

from collections.abc import Callable
from contextlib import closing

import pytest

from appliance.model.identity import age_recipient, fingerprint
from appliance.store import boots, identities
from appliance.store.identities import Ask, Identity
from appliance.store.open import writer
from tests.appliance.model.test_identity import LINE
from tests.webui.home import EMBER, NOW
from tests.webui.pages.conftest import Home

Tell = Callable[[Ask | Identity], str]


@pytest.fixture
def tell(lived_in: Home) -> Tell:
    """Boot writes that down; the page of ember then."""

    def told(row: Ask | Identity) -> str:
        with closing(writer(lived_in.state / "boot.db", boots.MIGRATIONS)) as file:
            if isinstance(row, Ask):
                identities.save_ask(file, row)
            else:
                identities.save(file, row)
        return lived_in.get(f"/machines/{row.machine}")

    return told


@pytest.fixture
def ember(lived_in: Home) -> str:
    return lived_in.ids["ember-machine"]


def ask(machine: str, shown: bytes = b"") -> Ask:
    return Ask("b1", machine, "lan", EMBER, "", "", shown, "681312", "waiting", "", NOW, NOW)


def test_a_machine_is_told_to_keep_its_identity(lived_in: Home, ember: str) -> None:
    path = f"/machines/{ember}"
    assert "another one after every boot" in lived_in.get(path)
    html = lived_in.post(f"{path}/identity", act="keep")
    assert "ember asks for its identity from its next boot." in html
    assert "asks when it starts" in html
    assert "does not ask" in lived_in.post(f"{path}/identity", act="leave")


def test_its_machine_id_is_shown_and_renewed(lived_in: Home, ember: str) -> None:
    (before,) = (one.machine_id for one in lived_in.desk.reads.machines() if one.id == ember)
    assert before in lived_in.get(f"/machines/{ember}")
    assert before not in lived_in.post(f"/machines/{ember}/identity", act="renew-id")


def test_a_code_is_there_to_be_compared(lived_in: Home, ember: str, tell: Tell) -> None:
    html = tell(ask(ember))
    assert "681 312" in html
    assert "Approving makes its key." in html
    html = lived_in.post(f"/machines/{ember}/identity", act="approve", code="681 312")
    assert "ember gets its identity." in html


def test_a_code_that_nobody_shows_is_refused_in_its_panel(lived_in: Home, ember: str) -> None:
    html = lived_in.post(f"/machines/{ember}/identity", act="approve", code="111 111")
    panel = html.partition('id="identity"')[2].partition("</section>")[0]
    assert "ember does not show" in panel
    assert "Compare with its own screen." in panel


def test_its_key_is_there_for_ssh_and_for_secrets(ember: str, tell: Tell) -> None:
    html = tell(Identity(ember, "tpm", LINE, "c2VhbGVk", NOW, NOW - 60))
    for told in (fingerprint(LINE), f"ember {LINE}", age_recipient(LINE), "IN SSHFP 4 2"):
        assert told in html
    assert "sealed by its TPM" in html


def test_a_key_on_a_disk_that_was_taken_unasked_is_to_be_compared(ember: str, tell: Tell) -> None:
    html = tell(Identity(ember, "disk", LINE, "", NOW))
    assert "the first key that came from its MAC was taken" in html
    assert "compare it with the fingerprint above" in html
    assert "Nobody was asked" not in tell(Identity(ember, "tpm", LINE, "c2VhbGVk", NOW))


def test_a_known_machine_that_asks_again_is_a_warning(ember: str, tell: Tell) -> None:
    tell(Identity(ember, "tpm", LINE, "c2VhbGVk", NOW))
    assert "did not come with that" in tell(ask(ember))


def test_one_that_the_router_keeps_asks_at_each_boot(ember: str, tell: Tell) -> None:
    tell(Identity(ember, "router", LINE, "", NOW))
    assert "Approving hands it its key." in tell(ask(ember, b"nixie-identity 1\nkey AA"))


@pytest.mark.parametrize(
    ("differs", "said"), [("-", "no key of its own"), (LINE, "the key SHA256")]
)
def test_another_key_is_trouble(ember: str, tell: Tell, differs: str, said: str) -> None:
    assert said in tell(Identity(ember, "disk", LINE, "", NOW, differs=differs))


def test_the_panel_comes_alone_for_what_is_new(lived_in: Home, ember: str) -> None:
    html = lived_in.get(f"/machines/{ember}/identity")
    assert html.count("Keep its identity") == 1
    assert "<html" not in html
