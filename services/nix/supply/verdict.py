"""What a talk with a cache came to: steps with a sentence and the way out, and what it has."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from appliance.model.caches import Cache
from appliance.store.builder_states import Step
from appliance.store.cache_states import KEY, LOGIN, REACH, STORE
from services.nix.narinfo import hash_part, offered
from services.nix.store_path import STORE as STORE_DIR
from services.nix.verdict import Answer

INFO = "nix-cache-info"
MOST_NAMES = 400
"""That a cache is asked for at once."""

FELL: Mapping[str, str] = {
    "tls": "{host} answers, and its certificate is not one to trust: {text}. Is the address right, "
    "and the router's clock?",
    "name": "The name {host} cannot be looked up. Write it as other machines here know it, or its "
    "address.",
    "refused": "{host} is there, and nothing listens on port {port}. Does the cache run?",
    "silent": "{host} does not answer on port {port}. Is it on, and may the router reach it?",
    "broken": "{host} hung up on port {port}. Is it http where https is meant, or the reverse?",
    "not http": "{host} answers on port {port}, and not as a web server does.",
    "unreached": "{host} cannot be reached: {text}.",
}
"""How a question fell flat → what is said."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Answer to one name: HTTP's status, 0 for none."""

    name: str
    status: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Talked:
    """All answers, and by which keys each path is signed."""

    answers: tuple[Heard, ...]
    signed: Mapping[str, tuple[str, ...]]

    @property
    def has(self) -> frozenset[str]:
        """The hash parts of what it has."""
        return frozenset(
            one.name
            for one in self.answers
            if one.status == 200 and one.name != INFO and offered(one.text) is not None
        )


def talked(answer: Answer) -> Talked | None:
    """Read what the job printed; None when it could not be run."""
    try:
        told = json.loads(answer.out)
        return Talked(
            tuple(
                Heard(one["name"], one["status"], one["text"], one["why"])
                for one in told["answers"]
            ),
            {path: tuple(names) for path, names in told["signed"].items()},
        )
    except (ValueError, TypeError, KeyError):
        return None


def reached(cache: Cache, heard: Heard) -> tuple[Step, ...]:
    """What the answer to nix-cache-info says, step by step, up to the first that is bad."""
    host, port = cache.server
    if heard.status == 0:
        text = " ".join(heard.text.split()).rstrip(".")
        what = FELL.get(heard.why, FELL["unreached"]).format(host=host, port=port, text=text)
        return (Step(REACH, "bad", what),)
    there = Step(REACH, "ok", f"It answers on port {port}.")
    if heard.status in (401, 403, 407):
        return (there, Step(LOGIN, "bad", _kept_out(cache, heard.status)))
    if heard.status >= 500:
        what = f"It is in trouble itself: it answers {heard.status}. Ask its owner, or try later."
        return (Step(REACH, "bad", what),)
    info = _info(cache, heard)
    if not cache.credential:
        return (there, info)
    return (there, Step(LOGIN, "ok", f"It lets the router in as {cache.user}."), info)


def key(cache: Cache, found: Talked) -> Step:
    """Whether what it has is signed with a key that was given."""
    every = [offered(one.text) for one in found.answers if one.status == 200]
    there = [one for one in every if one is not None]
    given = " and ".join(one.partition(":")[0] for one in cache.keys)
    if not there:
        what = "It has none of the paths that this router knows, so its key is not compared yet."
        return Step(KEY, "ok", what)
    names = {one.partition(":")[0] for told in there for one in told.signatures}
    if all(found.signed.get(one.info.path) for one in there):
        return Step(KEY, "ok", f"What it has is signed with the key you gave, {given}.")
    if not names:
        what = "What it has is not signed, so nothing is taken. Have its owner sign it: nix store "
        return Step(KEY, "bad", f"{what}sign, or secret-key-files where it is built.")
    if names & {one.partition(":")[0] for one in cache.keys}:
        what = f"It signs as {given}, with another key than the one you gave, or what it says was "
        return Step(KEY, "bad", f"{what}changed on the way. Compare the key with its owner's.")
    signs = " and ".join(sorted(names))
    what = f"It signs as {signs}, and you gave the key of {given}, so nothing is taken. Give the "
    return Step(KEY, "bad", f"{what}public key of {signs}, if you trust that one.")


def has(name: str, parts: Sequence[str], sample: Collection[str], found: Talked) -> str:
    """What it has of a host, whose `parts` are the paths of its image, `sample` some of what it is
    built from."""
    have = [_name(one) for one in parts if hash_part(one) in found.has]
    lack = [_name(one) for one in parts if hash_part(one) not in found.has]
    lines = [
        f"Of {name}, it has {len(have)} of {len(parts)} paths of the image"
        + (f": {', '.join(have)}." if have else ".")
    ]
    if lack:
        lines.append(f"It does not have {', '.join(lack)}.")
    if sample:
        count = sum(hash_part(one) in found.has for one in sample)
        lines.append(f"Of {len(sample)} others that it is built from, it has {count}.")
    if lack:
        lines.append(
            "What this router adds to a host is in nobody's cache but yours: those are built."
        )
    return " ".join(lines)


def has_path(path: str, found: Talked) -> str:
    """Whether it has one path, and how large that is."""
    for one in found.answers:
        told = offered(one.text) if one.status == 200 else None
        if told is not None and told.info.path == path:
            signed = "" if found.signed.get(path) else " It is not signed with the key you gave."
            return f"It has {_name(path)}, {told.info.nar_size} bytes unpacked.{signed}"
    return f"It does not have {_name(path)}."


def summary(steps: Sequence[Step], cache: Cache) -> str:
    """A trial in a sentence: where it ended, or that it gives."""
    bad = next((one for one in steps if one.state == "bad"), None)
    return bad.what if bad else f"{cache.name} is asked before anything is built."


def _kept_out(cache: Cache, status: int) -> str:
    if cache.credential:
        return f"It does not let {cache.user} in ({status}). Write user and password once more."
    return f"It wants a user and a password ({status}). Its owner has them; write them here."


def _info(cache: Cache, heard: Heard) -> Step:
    lines = [line.partition(":") for line in heard.text.splitlines()]
    facts = {name.strip(): value.strip() for name, sign, value in lines if sign}
    store = facts.get("StoreDir", "")
    if heard.status != 200 or not store:
        answer = f"it answers {heard.status}" if heard.status != 200 else "it is something else"
        what = f"This is no Nix cache: at {cache.url}/{INFO} {answer}. Is there a path to add?"
        return Step(STORE, "bad", what)
    if store != STORE_DIR:
        what = f"It is a cache for stores at {store[:80]}, and the one here is at {STORE_DIR}."
        return Step(STORE, "bad", f"{what} Nothing of it fits; remove it.")
    own = facts.get("Priority", "")
    own = f" Its own priority is {own}; the order here counts." if own.isdigit() else ""
    return Step(STORE, "ok", f"It is a Nix cache for {STORE_DIR}.{own}")


def _name(path: str) -> str:
    return path.rpartition("/")[2].partition("-")[2]
