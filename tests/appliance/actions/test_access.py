from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.actions import access
from appliance.actions.desk import Actor, Desk
from appliance.actions.open import open_desk
from appliance.actions.patience import CEILING
from appliance.actions.refusals import Forbidden, TooMany, Unknown
from appliance.errors import NixieError, Refused
from appliance.steady import Watched
from appliance.store import people
from appliance.store.tables import Audit
from tests.appliance.actions.conftest import HELPER, OWNER, Clock

GOOD = "four words in a row"


def claimed(desk: Desk) -> access.SignedIn:
    code = access.claim_code(desk)
    assert code is not None
    return access.claim(desk, code, GOOD, address="192.0.2.7")


def audit(desk: Desk) -> list[Audit]:
    with people.looking(desk.people) as session:
        return people.audited(session, "local", 50)


def test_the_claim_code_stays_the_same_until_it_is_used(desk: Desk) -> None:
    code = access.claim_code(desk)
    assert access.claim_code(desk) == code
    assert desk.secrets.read("claim") == f"{code}\n".encode()
    assert (desk.secrets.folder / "claim").stat().st_mode & 0o777 == 0o600


def test_the_claim_makes_an_owner_who_may_do_everything(desk: Desk) -> None:
    assert claimed(desk).actor.scopes == {"read", "write", "admin"}
    assert access.is_claimed(desk)
    assert access.claim_code(desk) is None
    assert desk.secrets.read("claim") is None


def test_a_code_is_read_in_any_case_without_its_hyphen(desk: Desk) -> None:
    code = access.claim_code(desk) or ""
    access.claim(desk, code.lower().replace("-", " "), GOOD)


def test_a_wrong_code_claims_nothing(desk: Desk) -> None:
    access.claim_code(desk)
    with pytest.raises(Refused, match="not the code"):
        access.claim(desk, "AAAA-AAAA", GOOD)
    assert not access.is_claimed(desk)


def test_a_router_is_claimed_once(desk: Desk) -> None:
    claimed(desk)
    with pytest.raises(Forbidden, match="owner already"):
        access.claim(desk, "AAAA-AAAA", GOOD)


def test_claims_at_the_same_moment_make_one_owner(desk: Desk) -> None:
    code = access.claim_code(desk) or ""

    def attempt(number: int) -> bool:
        try:
            access.claim(desk, code, GOOD, name=f"owner-{number}", address=f"192.0.2.{number}")
        except NixieError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4))) == [False, False, False, True]


@pytest.mark.parametrize("password", ["short", "password123", "aaaaaaaaaaaa", "x" * 300])
def test_an_easy_password_is_refused(desk: Desk, password: str) -> None:
    code = access.claim_code(desk) or ""
    with pytest.raises(Refused) as caught:
        access.claim(desk, code, password)
    assert caught.value.problems[0].where == ("password",)


def test_a_login_gives_a_new_session_each_time(desk: Desk) -> None:
    first = claimed(desk)
    second = access.login(desk, "Owner", GOOD, address="192.0.2.7")
    assert first.cookie != second.cookie
    assert access.by_cookie(desk, second.cookie, "192.0.2.7", awake=True) == second.actor


def test_a_stranger_and_a_wrong_password_hear_the_same(desk: Desk) -> None:
    claimed(desk)
    said = []
    for name in ("owner", "nobody"):
        with pytest.raises(Refused) as caught:
            access.login(desk, name, "wrong password")
        said.append(caught.value.problems)
    assert said[0] == said[1]


def test_guessing_becomes_slow(desk: Desk, clock: Clock) -> None:
    claimed(desk)
    for _ in range(4):
        with pytest.raises(Refused, match="not right"):
            access.login(desk, "owner", "wrong password", address="192.0.2.66")
    with pytest.raises(TooMany):
        access.login(desk, "OWNER", GOOD, address="192.0.2.66")
    access.login(desk, "owner", GOOD, address="192.0.2.7")
    clock.now += 3
    access.login(desk, "owner", GOOD, address="192.0.2.66")


def test_sixty_one_guesses_from_one_address_do_not_keep_the_owner_out(desk: Desk) -> None:
    claimed(desk)
    for number in range(61):
        with pytest.raises(Refused):
            access.login(desk, f"name-{number}", "wrong password", address="192.0.2.66")
    access.login(desk, "owner", GOOD, address="192.0.2.8")


def test_where_somebody_signed_in_is_known_after_a_restart(desk: Desk, tmp_path: Path) -> None:
    claimed(desk)
    again = replace(open_desk(tmp_path, desk.passwords), now=desk.now)
    for number in range(2 * CEILING):
        with pytest.raises(Refused):
            access.login(again, "owner", "wrong password", address=f"198.51.100.{number}")
    with pytest.raises(TooMany, match=r"Somebody is guessing here.* Wait \d+ s, then try again\."):
        access.login(again, "owner", GOOD, address="192.0.2.8")
    access.login(again, "owner", GOOD, address="192.0.2.7")
    again.close()


def test_a_long_pause_is_said_in_whole_seconds(desk: Desk, clock: Clock) -> None:
    claimed(desk)
    for _ in range(4):
        with pytest.raises(Refused):
            access.login(desk, "owner", "wrong password", address="192.0.2.66")
    clock.now += 0.7
    with pytest.raises(TooMany) as caught:
        access.login(desk, "owner", GOOD, address="192.0.2.66")
    assert caught.value.problems[0].what == (
        "Too many tries came from this address. Wait 2 s, then try again."
    )
    assert caught.value.retry_after == 2


def test_a_weak_password_uses_up_no_try_of_the_claim(desk: Desk) -> None:
    code = access.claim_code(desk) or ""
    for _ in range(50):
        with pytest.raises(Refused) as caught:
            access.claim(desk, code, "short", address="192.0.2.7")
        assert caught.value.problems[0].where == ("password",)
    access.claim(desk, code, GOOD, address="192.0.2.7")


def test_a_weak_password_tells_nothing_of_the_code(desk: Desk) -> None:
    code = access.claim_code(desk) or ""
    said = []
    for one in (code, "AAAA-AAAA"):
        with pytest.raises(Refused) as caught:
            access.claim(desk, one, "short", address="192.0.2.7")
        said.append(caught.value.problems)
    assert said[0] == said[1]


def test_wrong_codes_use_up_the_tries(desk: Desk) -> None:
    code = access.claim_code(desk) or ""
    for _ in range(4):
        with pytest.raises(Refused, match="not the code"):
            access.claim(desk, "AAAA-AAAA", GOOD, address="192.0.2.66")
    with pytest.raises(TooMany):
        access.claim(desk, code, GOOD, address="192.0.2.66")
    access.claim(desk, code, GOOD, address="192.0.2.7")


def test_a_refused_login_is_in_the_audit(desk: Desk) -> None:
    claimed(desk)
    with pytest.raises(Refused):
        access.login(desk, "owner", "wrong password", address="192.0.2.66")
    line = audit(desk)[0]
    assert (line.verb, line.outcome, line.address) == ("login", "refused", "192.0.2.66")


def test_a_session_ends_on_the_servers_side(desk: Desk) -> None:
    here = claimed(desk)
    access.logout(desk, here.actor)
    assert access.by_cookie(desk, here.cookie, "192.0.2.7", awake=True) is None


def test_an_idle_session_ends(desk: Desk, clock: Clock) -> None:
    here = claimed(desk)
    clock.now += people.IDLE_SECONDS + 1
    assert access.by_cookie(desk, here.cookie, "", awake=True) is None


@pytest.mark.parametrize("seconds", [31e6, -31e6], ids=["on", "back"])
def test_a_clock_that_is_set_ends_no_session(desk: Desk, clock: Clock, seconds: float) -> None:
    uptime = Clock()
    desk = replace(desk, clock=Watched(uptime, clock))
    here = claimed(desk)
    clock.now += seconds
    assert access.by_cookie(desk, here.cookie, "", awake=False)
    clock.now += people.IDLE_SECONDS + 1
    uptime.now += people.IDLE_SECONDS + 1
    assert access.by_cookie(desk, here.cookie, "", awake=False) is None


def test_a_clock_that_was_set_back_in_between_prolongs_no_session(desk: Desk, clock: Clock) -> None:
    here = claimed(desk)
    with people.writing(desk.people) as session:
        people.bring_near(session, clock.now - 31e6)
    clock.now += people.IDLE_SECONDS + 1 - 31e6
    assert access.by_cookie(desk, here.cookie, "", awake=False) is None


def test_only_awake_requests_keep_a_session_young(desk: Desk, clock: Clock) -> None:
    asleep, awake = claimed(desk), access.login(desk, "owner", GOOD)
    clock.now += people.IDLE_SECONDS - 10
    assert access.by_cookie(desk, asleep.cookie, "", awake=False)
    assert access.by_cookie(desk, awake.cookie, "", awake=True)
    clock.now += 20
    assert access.by_cookie(desk, asleep.cookie, "", awake=False) is None
    assert access.by_cookie(desk, awake.cookie, "", awake=True)


def test_even_a_busy_session_ends_one_day(desk: Desk, clock: Clock) -> None:
    here = claimed(desk)
    for _ in range(int(people.LONGEST_SECONDS / (people.IDLE_SECONDS / 2)) + 1):
        clock.now += people.IDLE_SECONDS / 2
        access.by_cookie(desk, here.cookie, "", awake=True)
    assert access.by_cookie(desk, here.cookie, "", awake=True) is None


def test_a_new_password_ends_the_other_sessions(desk: Desk) -> None:
    here, other = claimed(desk), access.login(desk, "owner", GOOD)
    access.change_password(desk, here.actor, GOOD, "quite another phrase")
    assert access.by_cookie(desk, here.cookie, "", awake=True)
    assert access.by_cookie(desk, other.cookie, "", awake=True) is None
    access.login(desk, "owner", "quite another phrase")


def test_the_old_password_is_asked_before_a_new_one(desk: Desk) -> None:
    here = claimed(desk)
    with pytest.raises(Refused) as caught:
        access.change_password(desk, here.actor, "wrong password", "quite another phrase")
    assert caught.value.problems[0].where == ("old",)


def test_a_refused_change_of_the_password_is_in_the_audit(desk: Desk) -> None:
    here = claimed(desk)
    with pytest.raises(Refused):
        access.change_password(desk, here.actor, "wrong password", "quite another phrase")
    line = audit(desk)[0]
    assert (line.verb, line.outcome, line.actor_kind) == ("change_password", "refused", "user")


def test_guessing_the_old_password_becomes_slow(desk: Desk) -> None:
    here = claimed(desk)
    for _ in range(4):
        with pytest.raises(Refused, match="not the password so far"):
            access.change_password(desk, here.actor, "wrong password", "quite another phrase")
    with pytest.raises(TooMany):
        access.change_password(desk, here.actor, GOOD, "quite another phrase")


@pytest.mark.parametrize("new", ["short", GOOD])
def test_a_new_password_is_good_enough_by_itself(desk: Desk, new: str) -> None:
    here = claimed(desk)
    with pytest.raises(Refused) as caught:
        access.change_password(desk, here.actor, GOOD, new)
    assert caught.value.problems[0].where == ("new",)


def test_nobody_changes_the_password_of_another(desk: Desk) -> None:
    here = claimed(desk)
    with pytest.raises(Forbidden, match="their own"):
        access.change_password(desk, here.actor, GOOD, "quite another phrase", name="lena")


def test_the_box_changes_a_password_it_is_told(desk: Desk) -> None:
    here = claimed(desk)
    with pytest.raises(Refused, match="Whose password"):
        access.change_password(desk, CONSOLE, GOOD, "quite another phrase")
    access.change_password(desk, CONSOLE, GOOD, "quite another phrase", name="Owner")
    assert access.by_cookie(desk, here.cookie, "", awake=True) is None
    access.login(desk, "owner", "quite another phrase")


def test_an_unknown_user_has_no_password_to_change(desk: Desk) -> None:
    claimed(desk)
    with pytest.raises(Refused, match="not the password so far"):
        access.change_password(desk, CONSOLE, GOOD, "quite another phrase", name="nobody")


def test_a_token_opens_what_its_scope_says(desk: Desk) -> None:
    made = access.make_token(desk, OWNER, "monitoring", "read")
    actor = access.by_token(desk, made.secret, "192.0.2.5")
    assert actor is not None
    assert (actor.name, actor.scopes, actor.how) == ("monitoring", {"read"}, "token")


def test_a_tokens_secret_is_stored_nowhere(desk: Desk) -> None:
    made = access.make_token(desk, OWNER, "monitoring")
    files = [path.read_bytes() for path in desk.reads.state.rglob("*") if path.is_file()]
    assert not any(made.secret.encode() in content for content in files)


def test_a_revoked_token_opens_nothing(desk: Desk) -> None:
    made = access.make_token(desk, OWNER, "monitoring")
    access.revoke_token(desk, OWNER, made.id)
    assert access.by_token(desk, made.secret, "") is None
    assert access.tokens(desk, OWNER) == []
    with pytest.raises(Unknown):
        access.revoke_token(desk, OWNER, made.id)


def test_a_token_ends_on_its_day(desk: Desk, clock: Clock) -> None:
    made = access.make_token(desk, OWNER, "monitoring", days=1)
    clock.now += 86401
    assert access.by_token(desk, made.secret, "") is None


def test_tokens_are_the_owners_to_make(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        access.make_token(desk, HELPER, "more")


def test_the_boxs_own_key_opens_everything(desk: Desk) -> None:
    secret = access.local_token(desk)
    assert access.local_token(desk) == secret
    actor = access.by_token(desk, secret, "127.0.0.1")
    assert actor is not None
    assert actor.how == "local"
    assert actor.may("admin")
    assert (desk.secrets.folder / "local-token").stat().st_mode & 0o777 == 0o600


CONSOLE = Actor("this box", people.SCOPES["admin"], "local")


def test_a_reopened_claim_makes_an_owner_of_whoever_types_its_code(desk: Desk) -> None:
    claimed(desk)
    code = access.reopen_claim(desk, CONSOLE)
    assert code == access.claim_code(desk)
    assert access.claim(desk, code, "four other words here").actor.name == "owner"


def test_a_reopened_claim_ends_every_session(desk: Desk) -> None:
    before = claimed(desk)
    access.reopen_claim(desk, CONSOLE)
    assert access.by_cookie(desk, before.cookie, "", awake=True) is None


def test_a_reopened_claim_ends_every_token(desk: Desk) -> None:
    secret = access.make_token(desk, claimed(desk).actor, "watch").secret
    access.reopen_claim(desk, CONSOLE)
    assert access.by_token(desk, secret, "") is None


def test_the_password_before_opens_nothing_once_the_claim_is_reopened(desk: Desk) -> None:
    claimed(desk)
    access.reopen_claim(desk, CONSOLE)
    with pytest.raises(Refused, match="not right"):
        access.login(desk, "owner", GOOD)


def test_an_owner_in_a_browser_does_not_reopen_the_claim(desk: Desk) -> None:
    with pytest.raises(Forbidden, match="console"):
        access.reopen_claim(desk, claimed(desk).actor)


def test_a_reopened_claim_is_in_the_audit(desk: Desk) -> None:
    access.reopen_claim(desk, CONSOLE)
    assert audit(desk)[0].verb == "reopen_claim"
