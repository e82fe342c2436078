from contextlib import closing

from appliance.model.outlook import OK, WARN, Need, Outlook
from appliance.store import builder_states, builds, outlooks
from appliance.store.builder_states import LOGIN, REACH, READY, UNFIT, BuilderState, Step
from appliance.store.open import writer
from tests.webui.home import NOW
from tests.webui.pages.conftest import Home

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIVIC02vnjFyL+I4RHfvIGNtOgJMe769VTF1VR4EB3ZB"
PRINT = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"
KILN = {"deed": "save", "name": "kiln", "host": "kiln.lan", "systems": "x86_64-linux"}


def saved(home: Home, **more: str) -> str:
    home.post(
        "/builders", **{**KILN, "port": "22", "user": "nix", "jobs": "4", "speed": "1"} | more
    )
    (one,) = home.desk.reads.builders()
    return one.id


def stands(home: Home, **facts: object) -> str:
    """A builder that stands so."""
    ident = next((one.id for one in home.desk.reads.builders()), "") or saved(home)
    with closing(writer(home.state / "build.db", builds.MIGRATIONS)) as own:
        builder_states.stands(own, BuilderState(ident, **facts))  # type: ignore[arg-type]
    return ident


def test_by_itself_the_router_builds_alone(home: Home) -> None:
    assert "This router builds alone." in home.get("/builders")


def test_what_this_router_can_do_itself_is_said_with_the_way_out(lived_in: Home) -> None:
    home = lived_in
    needs = (Need(OK, "Much memory."), Need(WARN, "Little disk.", "See what can go", "/storage"))
    with closing(writer(home.state / "build.db", builds.MIGRATIONS)) as own:
        told = Outlook(outlooks.ROUTER, "has little of something", needs, NOW - 120)
        outlooks.foreseen(own, told, "")
    said = home.get("/builders")
    assert said.index("Little disk.") < said.index("Much memory.")
    assert '<a class="btn tight" href="/storage" id="own-way-1">' in said
    assert "Found out 2 min ago." in said.replace("\N{NO-BREAK SPACE}", " ")


def test_a_builder_is_added(lived_in: Home) -> None:
    saved(lived_in)
    said = lived_in.get("/builders")
    assert "nix@kiln.lan" in said
    assert "Not tried yet" in said


def test_its_features_are_shown_and_come_back_into_the_form(lived_in: Home) -> None:
    ident = saved(lived_in, features=" kvm  big-parallel ")
    (one,) = lived_in.desk.reads.builders()
    assert one.features == ("kvm", "big-parallel")
    said = lived_in.get(f"/builders?edit={ident}")
    assert "x86_64-linux, with kvm and big-parallel, speed" in said
    assert 'value="kvm big-parallel"' in said


def test_a_builder_that_shares_says_so(lived_in: Home) -> None:
    ident = saved(lived_in, shares="yes")
    assert lived_in.desk.reads.builders()[0].shares
    said = lived_in.get(f"/builders?edit={ident}")
    assert "four derivations at once, of builds made here" in said
    assert 'name="shares" value="yes" aria-describedby="shares-hint" checked' in said


def test_who_evaluates_gets_another_line(lived_in: Home) -> None:
    ident = saved(lived_in, evaluates="yes")
    stands(lived_in, public_key="ssh-ed25519 AAAA x")
    said = lived_in.get(f"/builders?edit={ident}")
    assert "x86_64-linux, evaluates flakes, speed" in said
    assert 'name="evaluates" value="yes" aria-describedby="evaluates-hint" checked' in said
    assert "restrict,command=&#34;exec sh -c" in said


def test_what_was_typed_comes_back_with_its_problem(lived_in: Home) -> None:
    said = lived_in.post("/builders", **{**KILN, "host": "kiln lan", "port": "many", "jobs": "2"})
    assert 'value="kiln lan"' in said
    assert "Write the builder&#39;s name or address" in said
    assert "A port is a number from 1 to 65535" in said
    assert lived_in.desk.reads.builders() == []


def test_a_key_to_compare_comes_with_the_command_that_prints_it(lived_in: Home) -> None:
    stands(lived_in, shown_key=KEY)
    said = lived_in.get("/builders")
    assert PRINT in said
    assert "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" in said


def test_a_compared_key_is_trusted(lived_in: Home) -> None:
    ident = stands(lived_in, shown_key=KEY)
    said = lived_in.post("/builders", deed="trust", id=ident, host_key=KEY)
    assert f"kiln is known by {PRINT}" in said
    assert "I compared them" not in said


def test_a_changed_key_is_a_warning(lived_in: Home) -> None:
    ident = stands(lived_in, shown_key=KEY)
    lived_in.post("/builders", deed="trust", id=ident, host_key=KEY)
    stands(lived_in, shown_key=OTHER)
    assert "It shows another host key than the one you trusted" in lived_in.get("/builders")


def test_a_key_that_changed_since_the_page_is_not_trusted(lived_in: Home) -> None:
    ident = stands(lived_in, shown_key=OTHER)
    said = lived_in.post("/builders", deed="trust", id=ident, host_key=KEY)
    assert "shows another host key by now" in said


def test_the_line_to_paste_is_there(lived_in: Home) -> None:
    stands(lived_in, public_key="ssh-ed25519 AAAA nixie-router")
    line = "restrict,command=&#34;nix-daemon --stdio&#34; ssh-ed25519 AAAA nixie-router"
    assert line in lived_in.get("/builders")


def test_each_step_of_a_trial_says_what_it_found(lived_in: Home) -> None:
    steps = (Step(REACH, "ok", "It answers on port 22."), Step(LOGIN, "bad", "kiln says no."))
    stands(lived_in, state=UNFIT, what="kiln says no.", steps=steps)
    said = lived_in.get("/builders/now")
    assert "It answers on port 22." in said
    assert "kiln says no." in said
    assert "Does not build" in said


def test_a_builder_is_switched_off_and_on(lived_in: Home) -> None:
    ident = stands(lived_in, state=READY)
    assert "kiln builds for this router" in lived_in.get("/builders")
    assert "Switched off" in lived_in.post("/builders", deed="off", id=ident)
    assert "Switched off" not in lived_in.post("/builders", deed="on", id=ident)


def test_a_builder_is_removed(lived_in: Home) -> None:
    ident = stands(lived_in, state=READY)
    assert "This router builds alone." in lived_in.post("/builders", deed="remove", id=ident)


def test_a_form_begins_with_what_there_is(lived_in: Home) -> None:
    ident = saved(lived_in)
    said = lived_in.get(f"/builders?edit={ident}")
    assert "Change kiln" in said
    assert 'value="kiln.lan"' in said


def test_the_builds_page_leads_there(home: Home) -> None:
    assert 'href="/builders"' in home.get("/builds")
