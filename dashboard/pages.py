"""Templates to pages: the texts, digits, times and numbers of the visitor's language."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup, escape

from avasanj import calendars, i18n, phone
from avasanj.errors import SettingsError
from avasanj.settings import Settings
from dashboard import words
from dashboard.queries.course import Step
from telephony import problems
from transcription import problems as speech_problems
from transcription import reasons

if TYPE_CHECKING:
    from dashboard.access import Visitor

FOLDER = Path(__file__).parent
BUILT = FOLDER / "static" / "built"
Context = jinja2.runtime.Context


class Pages:
    """The dashboard's templates. Raises SettingsError when its style sheet and scripts have not been built."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._built = _manifest()
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        self._environment.globals |= {
            "_": _gettext,
            "ngettext": _ngettext,
            "sentence": _sentence,
            "told": _told,
            "words": words,
            "built": self._built,
        }
        self._environment.filters |= {
            "n": _number,
            "clock": _clock,
            "moment": self._moment,
            "year": self._year,
            "phone": self._phone,
            "reason": _reason,
            "percent": _percent,
            "version": _version,
            "problem": _problem,
            "speech_problem": _speech_problem,
            "mood": lambda value: words.mood(value, settings.dissatisfied_above),
            "bars": words.bars,
            "pair": lambda value: (value, value),
            "extension": words.extension,
            "spell": _spell,
        }

    def render(self, template: str, who: Visitor, context: Mapping[str, Any]) -> str:
        return self._environment.get_template(template).render(
            **context,
            who=who,
            lang=who.language,
            other_lang="en" if who.language == "fa" else "fa",
            dir="rtl" if who.language in i18n.RTL else "ltr",
            path=who.request.url.path,
            query=who.request.url.query,
            now=who.now,
            texts=_script_texts(who.language),
        )

    @jinja2.pass_context  # type: ignore[untyped-decorator, unused-ignore]
    def _moment(self, context: Context, at: datetime.datetime | None, focusable: bool = False) -> Markup:
        if at is None:
            return Markup("–")
        zone, language = self._settings.timezone, context["lang"]
        text = calendars.moment(at, language, zone, context["now"])
        tip = calendars.exact(at, language, zone)
        tab = Markup(' tabindex="0"') if focusable else ""
        later = calendars.settled(at, language, zone, context["now"])
        return Markup('<time datetime="{}" data-tip="{}" data-later="{}"{}>{}</time>').format(
            at.isoformat(), tip, later, tab, text
        )

    @jinja2.pass_context  # type: ignore[untyped-decorator, unused-ignore]
    def _year(self, context: Context, at: datetime.datetime) -> str:
        return calendars.year(at, context["lang"], self._settings.timezone)

    def _phone(self, e164: str | None) -> Markup:
        if not e164:
            return Markup("")
        return Markup('<bdi dir="ltr" class="tel">{}</bdi>').format(phone.display(e164, self._settings.phone_region))


def _manifest() -> dict[str, str]:
    file = BUILT / "manifest.json"
    if not file.is_file():
        raise SettingsError(
            f"The dashboard's style sheet and scripts are not at {BUILT}. Run: python -m dashboard.build"
        )
    built: dict[str, str] = json.loads(file.read_text())
    return built


def _filled(text: str, values: Mapping[str, Any], language: str) -> Markup:
    """The text with its values put in, escaped; plain numbers in the language's digits, text kept apart by direction."""

    def shown(value: object) -> object:
        value = value if hasattr(value, "__html__") else i18n.value_in(value, language)
        if isinstance(value, int | float):
            return _localised(value, language, 6)
        return value if hasattr(value, "__html__") else f"{i18n.ISOLATE}{value}{i18n.ISOLATE_END}"

    safe = escape(text)
    return safe % {name: shown(value) for name, value in values.items()} if values else safe


@jinja2.pass_context  # type: ignore[untyped-decorator, unused-ignore]
def _gettext(context: Context, message: str, **values: Any) -> Markup:
    return _filled(i18n.translator(context["lang"]).gettext(message), values, context["lang"])


@jinja2.pass_context  # type: ignore[untyped-decorator, unused-ignore]
def _ngettext(context: Context, one: str, many: str, n: int, **values: Any) -> Markup:
    return _filled(i18n.translator(context["lang"]).ngettext(one, many, n), {"n": n, **values}, context["lang"])


@jinja2.pass_context  # type: ignore[untyped-decorator, unused-ignore]
def _sentence(context: Context, said: words.Sentence) -> Markup:
    values = {
        name: Markup("{}").format(calendars.clock(seconds, context["lang"])) for name, seconds in said.seconds.items()
    }
    return _filled(i18n.translator(context["lang"]).gettext(said.id), values, context["lang"])


@jinja2.pass_context  # type: ignore[untyped-decorator, unused-ignore]
def _told(context: Context, step: Step) -> Markup:
    """One step of a call's course, as a sentence."""
    language = context["lang"]
    values: dict[str, Any] = {
        name: Markup('<bdi dir="auto">{}</bdi>').format(text) for name, text in step.texts.items()
    }
    clocks = {name: Markup("{}").format(calendars.clock(seconds, language)) for name, seconds in step.seconds.items()}
    return _filled(i18n.translator(language).gettext(step.id), values | clocks, language)


@jinja2.pass_context  # type: ignore[untyped-decorator, unused-ignore]
def _spell(context: Context, seconds: float) -> str:
    """A length in one unit, in words: "42 minutes", "2 days"."""
    return calendars.spelled(seconds, context["lang"])


def _localised(value: object, language: str, decimals: int, *, fixed: bool = False) -> str:
    """A number in the language's digits and with its decimal sign; `fixed` keeps zeros at the end."""
    text = f"{value:.{decimals}{'f' if fixed else 'g'}}" if isinstance(value, float) else str(value)
    return i18n.digits(text.replace(".", "٫") if language == "fa" else text, language)


@jinja2.pass_context  # type: ignore[untyped-decorator, unused-ignore]
def _number(context: Context, value: object, decimals: int = 0) -> str:
    return _localised(value, context["lang"], decimals, fixed=True)


@jinja2.pass_context  # type: ignore[untyped-decorator, unused-ignore]
def _percent(context: Context, value: float) -> str:
    return i18n.digits(f"{value * 100:.0f}{'٪' if context['lang'] == 'fa' else '%'}", context["lang"])


@jinja2.pass_context  # type: ignore[untyped-decorator, unused-ignore]
def _clock(context: Context, seconds: float | None) -> Markup:
    return Markup('<bdi dir="ltr" class="clock">{}</bdi>').format(calendars.clock(seconds, context["lang"]))


@jinja2.pass_context  # type: ignore[untyped-decorator, unused-ignore]
def _reason(context: Context, stored: Mapping[str, Any] | None) -> str:
    return i18n.reason(stored, context["lang"])


@jinja2.pass_context  # type: ignore[untyped-decorator, unused-ignore]
def _problem(context: Context, stored: str | None) -> str:
    return problems.in_language(stored, context["lang"])


@jinja2.pass_context  # type: ignore[untyped-decorator, unused-ignore]
def _speech_problem(context: Context, stored: str | None) -> str:
    """Why something could not be heard or recognised."""
    return speech_problems.in_language(reasons.in_language(stored or "", context["lang"]), context["lang"])


def _version(text: str) -> str:
    """Tells a page's script whether a part of the page is different from what it shows."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _script_texts(language: str) -> str:
    translate = i18n.translator(language).gettext
    return json.dumps({key: translate(text) for key, text in _SCRIPT_TEXTS.items()}, ensure_ascii=False)


_SCRIPT_TEXTS = {
    "play": i18n.N_("Play"),
    "pause": i18n.N_("Pause"),
    "place": i18n.N_("Place in the call"),
    "customer": i18n.N_("customer"),
    "agent": i18n.N_("agent"),
    "hold": i18n.N_("hold"),
    "no_sound": i18n.N_("The recording can't be played. Load the page again; if that does not help, look at Health."),
    "not_sent": i18n.N_("No connection to Avasanj. Nothing was saved; try again."),
    "refused": i18n.N_("It was not done: what you see is old. Load the page again."),
    "offline": i18n.N_("No connection to Avasanj. What you see may be old; trying again."),
}
