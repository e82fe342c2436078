"""The same port by another word: none leaves or joins for that, and it is said."""

from collections.abc import Mapping

from appliance.model.cards import MAC, NAME, SLOT, each_port, every_port, known_by
from appliance.model.config import RouterConfig

KNOWN: Mapping[str, str] = {
    NAME: "The port {today} is known by its name from now on.",
    MAC: "The port {today} is known by its MAC {word} from now on, in whatever slot that card is.",
    SLOT: "The port {today} is known by its slot {word} from now on, whatever card is there.",
}


def reworded(
    before: RouterConfig, after: RouterConfig, names: Mapping[str, str]
) -> tuple[RouterConfig, tuple[str, ...]]:
    """`before` with each port by the word that `after` has for it, and a sentence for each change.

    `names` are cards.names of this box.
    """
    asked = dict.fromkeys(every_port(after))
    words = {names.get(word, word): word for word in asked}

    def called(port: str) -> str:
        return port if port in asked else words.get(names.get(port, port), port)

    found = dict.fromkeys(called(port) for port in every_port(before) if called(port) != port)
    told = tuple(
        KNOWN[known_by(word)].format(today=names.get(word, word), word=word) for word in found
    )
    return each_port(before, called), told
