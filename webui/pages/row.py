"""The form of one row of the draft: shown, shown again when it is refused, put into the draft.

A rule and a forward differ in what they hold, and not in how they are changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from starlette.responses import Response

from appliance.actions.desk import Done
from appliance.actions.refusals import Unknown
from appliance.errors import Problem, Refused
from webui.pages.page import after, page
from webui.session import Here


@dataclass(frozen=True, slots=True)
class TypedRow:
    """What every form of a row sends: the word for what it was made from, "" for a new row."""

    seen: str = ""


Typed = TypeVar("Typed", bound=TypedRow)


@dataclass(frozen=True, slots=True)
class RowForm(Generic[Typed]):
    """One kind of row: its form and what becomes of it.  `before` is its name, "" for a new one."""

    template: str
    path: str
    """Where one goes from the form."""
    present: Callable[[Here, str], Typed]
    """A row of the draft as its form.  Raises Unknown."""
    built: Callable[[Here, str, Typed, Refused | None], object]
    save: Callable[[Here, str, Typed], Done]
    """Raises Unknown, Refused."""

    def shown(self, here: Here, before: str) -> Response:
        """The form of a row."""
        return self.again(here, before, self.present(here, before))

    def again(
        self, here: Here, before: str, typed: Typed, refused: Refused | None = None
    ) -> Response:
        """The form as it was typed, with what is wrong with it."""
        view = self.built(here, before, typed, refused)
        return page(self.template, view, 422 if refused else 200)

    def taken(self, here: Here, before: str, typed: Typed) -> Response:
        """Put it into the draft, unless somebody else changed it since the form was made."""
        present = self.present(here, before) if before else typed
        if typed.seen != present.seen:
            yours = "Press the button again to put yours in place."
            wrong = Refused(Problem((), f"Somebody changed {before} meanwhile. {yours}"))
            return self.again(here, before, replace(typed, seen=present.seen), wrong)
        try:
            done = self.save(here, before, typed)
        except Unknown:
            raise
        except Refused as refused:
            return self.again(here, before, typed, refused)
        return after(self.path, done.act)


def placed(refused: Refused | None, group: str, fields: Mapping[str, str]) -> dict[str, str]:
    """Problems by field; what no field shows is the form's own, whole sentences joined.

    `fields` are by the first word of a problem's place in its row.

    >>> placed(Refused(Problem(("rules", 3, "ports", 0), "Odd.")), "rules", {"ports": "ports"})
    {'ports': 'Odd.'}
    """
    found: dict[str, str] = {}
    for problem in refused.problems if refused else ():
        own = problem.where[2:] if problem.where[:1] == (group,) else problem.where
        field = fields.get(str(own[0]), "") if own else ""
        found[field] = f"{found[field]} {problem.what}" if field in found else problem.what
    return found
