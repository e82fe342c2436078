"""The dock at the foot of every page: what is changed and not applied yet."""

from typing import NamedTuple

from appliance.actions import draft
from webui import phrases
from webui.session import Here


class Dock(NamedTuple):
    """A draft, as far as a line can tell it; `owns` is whether the visitor may discard it."""

    what: str
    under: str
    owns: bool


def present(here: Here) -> Dock | None:
    """The dock of this moment; None when everything is applied."""
    review = draft.review(here.desk)
    if review is None:
        return None
    return Dock(*told(review.differences), owns=here.actor.may("admin"))


def told(differences: tuple[str, ...]) -> tuple[str, str]:
    """How many changes there are, and the first of them.

    >>> told(("The domain becomes home (was lan).",))
    ('1\\xa0change not applied', 'The domain becomes home (was lan).')
    >>> told(("A is B.", "C is D.", "E is F."))[1]
    'A is B, and two more.'
    """
    what = f"{phrases.count(len(differences), 'change')} not applied"
    first, *others = differences or ("They change nothing that can be told in a sentence.",)
    if others:
        first = f"{first.removesuffix('.')}, and {phrases.word(len(others))} more."
    return what, first
