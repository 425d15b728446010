"""What is wrong with a scorecard file, said with its place: line, key, what was found and what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from avasanj.errors import InputError
from avasanj.i18n import N_, english

# The form of the file
NOT_YAML = N_("This is not YAML: %(fault)s.")
#: What the YAML reader says most often; the rest is `NOT_YAML_HERE`, so that no page mixes two languages.
YAML_FAULTS = frozenset(
    {
        N_("mapping values are not allowed in this context"),
        N_("did not find expected key"),
        N_("did not find expected ',' or '}'"),
        N_("did not find expected ',' or ']'"),
        N_("did not find expected '-' indicator"),
        N_("did not find expected <document start>"),
        N_("could not find expected ':'"),
        N_("found character that cannot start any token"),
        N_("found unexpected end of stream"),
        N_("found unexpected document indicator"),
        N_("found undefined alias"),
        N_("found duplicate anchor"),
        N_("found unknown escape character"),
        N_("control characters are not allowed"),
    }
)
NOT_YAML_HERE = N_("it can't be read from here on")
EMPTY = N_("The file is empty. A scorecard needs key, version, title and sections.")
TOO_LARGE = N_("The file has %(found)s characters; a scorecard has at most %(most)s.")
TOO_DEEP = N_("Lists and keys lie more than %(most)s deep in each other here; no scorecard needs that.")
TOO_MANY_PLACES = N_(
    "With its aliases (*name) written out, the file has more than %(most)s values. Write them out, or leave them away."
)
WANTS_KEYS = N_("A set of keys is expected here (key: value), not %(found)s.")
WANTS_LIST = N_("A list is expected here (lines that begin with a dash), not %(found)s.")
WANTS_TEXT = N_("A text is expected here, not %(found)s.")
WANTS_NUMBER = N_("A number from %(least)s to %(most)s is expected here, not %(found)s.")
WANTS_ONE_OF = N_("One of these is expected here: %(known)s. It is %(found)s.")
WANTS_KEY = N_("A key is made of small letters, digits and _, at most 60 of them; this is %(found)s.")
MISSING = N_("The key %(name)s is missing.")
UNKNOWN = N_("There is no key %(name)s here; known are %(known)s.")
UNKNOWN_NEAR = N_("There is no key %(name)s here; do you mean %(near)s?")
TWICE = N_("The key %(name)s stands here twice, first in line %(line)s.")
LANGUAGE_MISSING = N_("The text under %(language)s is missing: a text needs one under en and one under fa.")

# What it says
WEIGHTS = N_("The weights add up to %(found)s, they must make 100.")
SAME_KEY = N_("The key %(name)s is used twice, first in line %(line)s.")
TOO_MANY = N_("There are %(found)s questions; a scorecard has at most %(most)s.")
NO_QUESTIONS = N_("There is no question.")
NO_POINTS = N_("No answer gives points, so the weight of %(weight)s can't be earned. Give points, or the weight 0.")
NO_OPTIONS = N_("A choice needs at least two options.")
OPTION_RULES = N_("The rule of an option is looked at only where the question's type is choice or choices.")
SCALE = N_("A scale goes from a lower number to a higher one, not from %(low)s to %(high)s.")
BAND_ORDER = N_("The bands must go upwards, and only the last may be without up_to.")
TEXT_WEIGHT = N_("A text can't be scored: give it the weight 0.")
NUMBER_UNSCORED = N_("A number is scored by its bands; without them its weight must be 0.")
WRONG_TYPE = N_("%(name)s answers yes or no; a question of the type %(kind)s can't be answered by it.")
NO_LIMITS = N_("%(name)s needs at_least or at_most, or nothing tells a yes from a no.")
LIMITS_CROSS = N_("No number lies between %(low)s and %(high)s.")
OUT_OF_RANGE = N_("%(name)s is never beyond %(most)s.")
LOUDNESS = N_("How loud a line is says nothing of the person, so no question can be answered by it.")
SEVERAL_SOURCES = N_("Only one of rule (with likeness), fact and measure can answer a question.")
CONDITION_UNKNOWN = N_("There is no question %(name)s to hang on.")
CONDITION_LATER = N_("A question can hang on an earlier one only; %(name)s comes later.")
CONDITION_VALUE = N_("%(name)s can't be answered with %(value)s; its answers are %(known)s.")
CONDITION_EMPTY = N_("A condition needs is, at_least or at_most.")
CONDITION_NUMBER = N_("%(name)s is not answered with a number: name its answers under is.")
CONDITION_IS_NUMBER = N_("%(name)s is answered with a number: use at_least or at_most.")
UNREACHABLE = N_("This question can never be asked: its conditions on %(name)s exclude each other.")
RULE_EMPTY = N_("A rule needs phrases under any, all, near or none.")
NEAR_ALONE = N_("near needs two groups of phrases or more.")
WINDOWS_CROSS = N_("A rule looks at one window only: first_s, last_s, before_hold_s or middle.")
NO_PHRASES_IN = N_("There are no phrases under %(language)s, so no call in that language could answer this.")
NO_EXAMPLES_IN = N_("There are no examples under %(language)s.")
FATAL_UNSCORED = N_("A fatal question without a weight of its own still fails the form; that may be meant.")
PERSON_ONLY = N_("Nothing but a person can answer this: every call will wait for one.")
SCOPE_EMPTY = N_("The queue %(name)s is both under queues and under not_queues: no call of it is scored.")
HOLD_WINDOW = N_("The rule looks at what is said before a hold; needs: hold leaves calls without one out.")
NO_WAIT_OUTBOUND = N_(
    "No call could answer this: nobody waits in a queue in outbound calls, and the form is for those only."
)
RULE_ONLY_SLOTS = N_(
    "No call could answer this where the ledger has no name or number: all phrases stand on such, as {agent} does."
)

# Where it is, and what came of it
AT_LINE = N_("line %(line)s: %(fault)s")
AT_PLACE = N_("%(where)s: %(fault)s")
AT_LINE_AND_PLACE = N_("line %(line)s, %(where)s: %(fault)s")
KEPT = N_("the form as it was kept")
REFUSED = N_("%(file)s, %(fault)s Nothing was imported.")
REFUSED_OF_MORE = N_(
    "%(file)s, %(fault)s (and %(more)s more; `avasanj scorecards check` names them) Nothing was imported."
)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One fault. `line` counts from 1, 0 where the card came from no file; `where` names the place by its keys."""

    line: int
    where: str
    id: str
    values: dict[str, object] = field(default_factory=dict)
    warning: bool = False

    @property
    def text(self) -> str:
        return english(self.id, self.values)

    @property
    def stored(self) -> dict[str, Any]:
        """The fault with its place, to be named within another text."""
        fault: dict[str, Any] = {"id": self.id, "values": self.values}
        if not self.line:
            return {"id": AT_PLACE, "values": {"where": self.where, "fault": fault}} if self.where else fault
        if not self.where:
            return {"id": AT_LINE, "values": {"line": self.line, "fault": fault}}
        return {"id": AT_LINE_AND_PLACE, "values": {"line": self.line, "where": self.where, "fault": fault}}

    def __str__(self) -> str:
        return english(self.stored["id"], self.stored["values"])


class CardError(InputError):
    """A scorecard that can't be used. `problems` says everything that was found, the refusals first."""

    def __init__(self, name: str | dict[str, Any], problems: Sequence[Problem]) -> None:
        refused = [problem for problem in problems if not problem.warning]
        values = {"file": name, "fault": refused[0].stored}
        if len(refused) > 1:
            super().__init__(REFUSED_OF_MORE, **values, more=len(refused) - 1)
        else:
            super().__init__(REFUSED, **values)
        self.problems = tuple(problems)
