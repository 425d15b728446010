"""What a call can be about, as the center describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from scoring.dialogue import CUSTOMER
from scoring.phrases import Phrases
from scoring.scorecard import Wording

NONE = Wording()


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One topic. Found by a phrase in either language, or by likeness to its examples.

    `unless` phrases in the same turn speak against it.
    """

    key: str
    title: Mapping[str, str] = field(hash=False)  #: {"en": ..., "fa": ...}
    phrases: Wording = NONE
    unless: Wording = NONE
    like: Wording = NONE
    said_by: str = CUSTOMER
    unless_denied: bool = False  #: "I don't want to cancel" is not about it
    driver: bool = True  #: whether it can be what the customer called for
    general: bool = False  #: as a reason it gives way to another topic that was heard as early

    @cached_property
    def sought(self) -> Phrases:
        return Phrases(self.phrases.all)

    @cached_property
    def against(self) -> Phrases:
        return Phrases(self.unless.all)


@dataclass(frozen=True, kw_only=True)
class Topics:
    """The center's list in one version."""

    version: int = 0
    topics: tuple[Topic, ...] = ()

    def titles(self, language: str) -> dict[str, str]:
        return {topic.key: topic.title[language] for topic in self.topics}

    def find(self, key: str) -> Topic | None:
        return next((topic for topic in self.topics if topic.key == key), None)
