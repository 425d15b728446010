"""The center's scorecards: which there are, read, taken in and given out, published, compared. Agents read those that judge them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, HTTPException, UploadFile
from fastapi.responses import RedirectResponse, Response

from avasanj.errors import InputError
from avasanj.i18n import N_
from dashboard import card_words
from dashboard.access import Changes, LoggedIn, Person, Supervisor
from dashboard.queries import scorecards as cards
from dashboard.queries.follow_ups import late_count
from dashboard.queries.scorecards import VersionRow
from scoring import drafts, library
from scoring.card_changes import changes
from scoring.card_faults import CardError

router = APIRouter(prefix="/scorecards")
_MOST_BYTES = 1 << 20
NOTHING_GIVEN = N_("Choose a file, or paste its text.")
NO_TEXT = N_("The file is no text in UTF-8.")


@router.get("")
def page(who: LoggedIn) -> Response:
    library.ensure_shipped(who.site.database)
    return listing(who)


@router.post("", dependencies=Changes)
def create(
    who: Supervisor,
    key: Annotated[str, Form(max_length=60)],
    title_en: Annotated[str, Form(min_length=1, max_length=200)],
    title_fa: Annotated[str, Form(min_length=1, max_length=200)],
) -> Response:
    try:
        with who.site.database.transaction() as session:
            row = drafts.create(session, key.strip(), {"en": title_en, "fa": title_fa}, by=who.id)
    except InputError as problem:
        return listing(who, problem=problem)
    return _to(row.key, row.version, "/edit")


@router.post("/import", dependencies=Changes)
def take_in(
    who: Supervisor,
    text: Annotated[str, Form(max_length=600_000)] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """A draft from a file or a pasted text; with the next number where the file's own is taken."""
    try:
        source, name = _given(text, file)
        with who.site.database.transaction() as session:
            row = drafts.take_in(session, source, name, by=who.id)
    except CardError as problem:
        return listing(who, faults=problem, typed=text)
    except InputError as problem:
        return listing(who, problem=problem, typed=text)
    return _to(row.key, row.version)


@router.post("/shipped", dependencies=Changes)
def add_shipped(who: Supervisor, name: Annotated[str, Form(max_length=60)]) -> Response:
    try:
        with who.site.database.transaction() as session:
            row = drafts.add_shipped(session, name, by=who.id)
    except InputError as problem:
        return listing(who, problem=problem)
    return _to(row.key, row.version)


@router.get("/{key}/{version}")
def read(who: LoggedIn, key: str, version: int) -> Response:
    with who.site.database.read() as session:
        found, late = one(session, who, key, version), late_count(session, who)
        others = library.versions(session, key) if who.supervises else []
        agreed = cards.agreed(session, who, found.card)
    return show(who, "scorecard.html", v=found, late=late, others=others, agreed=agreed)


@router.get("/{key}/{version}/export")
def export(who: Supervisor, key: str, version: int) -> Response:
    with who.site.database.read() as session:
        source = one(session, who, key, version).row.source
    headers = {"Content-Disposition": f'attachment; filename="{key}-{version}.yaml"'}
    return Response(source, media_type="application/yaml; charset=utf-8", headers=headers)


@router.post("/{key}/{version}/draft", dependencies=Changes)
def begin(who: Supervisor, key: str, version: int) -> Response:
    with who.site.database.transaction() as session:
        one(session, who, key, version)
        row = drafts.begin(session, key, version, by=who.id)
    return _to(key, row.version, "/edit")


@router.get("/{key}/{version}/publish")
def before_publishing(who: Supervisor, key: str, version: int) -> Response:
    return _publishing(who, key, version)


@router.post("/{key}/{version}/publish", dependencies=Changes)
def publish(who: Supervisor, key: str, version: int, seen: Annotated[str, Form(max_length=64)] = "") -> Response:
    try:
        with who.site.database.transaction() as session:
            drafts.publish(session, key, version, seen=seen, by=who.id)
    except InputError as problem:
        return _publishing(who, key, version, problem)
    return RedirectResponse(f"/scorecards#{key}", status_code=303)


@router.post("/{key}/{version}/retire", dependencies=Changes)
def retire(who: Supervisor, key: str, version: int) -> Response:
    with who.site.database.transaction() as session:
        if not one(session, who, key, version).is_published:
            raise InputError(library.NONE_PUBLISHED, key=key)
        library.retire(session, key, by=who.id)
    return RedirectResponse(f"/scorecards#{key}", status_code=303)


@router.post("/{key}/{version}/delete", dependencies=Changes)
def delete(who: Supervisor, key: str, version: int) -> Response:
    with who.site.database.transaction() as session:
        drafts.delete(session, key, version, by=who.id)
    return RedirectResponse("/scorecards", status_code=303)


@router.get("/{key}/{version}/compare")
def compare(who: Supervisor, key: str, version: int, other: int) -> Response:
    """What changed from the earlier of two versions to the later."""
    with who.site.database.read() as session:
        old, new = sorted((one(session, who, key, version), one(session, who, key, other)), key=_number)
        late = late_count(session, who)
    return show(who, "scorecard_compare.html", old=old, new=new, c=changes(old.card, new.card), late=late)


def one(session: Any, who: Person, key: str, version: int) -> VersionRow:
    """Raises HTTPException 404 for a version that is not there or not theirs."""
    found = cards.version(session, who, key, version)
    if found is None:
        raise HTTPException(404)
    return found


def show(who: Person, template: str, status: int = 200, /, **context: Any) -> Response:
    """A page that speaks of scorecards."""
    return who.show(template, status, cards=card_words, **context)


def listing(
    who: Person, *, problem: InputError | None = None, faults: CardError | None = None, typed: str = ""
) -> Response:
    """The list, with what came of the last press."""
    with who.site.database.read() as session:
        listed, late = cards.listed(session, who), late_count(session, who)
        new = drafts.new_shipped(session) if who.supervises else []
        poor = cards.poor(session, who)
    status = 422 if problem or faults else 200
    context = {"problem": problem, "faults": faults.problems if faults else (), "typed": typed, "poor": poor}
    return show(who, "scorecards.html", status, listed=listed, new=new, late=late, **context)


def _publishing(who: Supervisor, key: str, version: int, problem: InputError | None = None) -> Response:
    with who.site.database.read() as session:
        found, late = one(session, who, key, version), late_count(session, who)
        comes = cards.consequence(session, who, found)
    status = 422 if problem else 200
    context = {"comes": comes, "late": late, "seen": cards.seen(found), "problem": problem}
    return show(who, "scorecard_publish.html", status, v=found, **context)


def _given(text: str, file: UploadFile | None) -> tuple[str, str]:
    """The text and what it is called. Raises InputError where there is none."""
    data = file.file.read(_MOST_BYTES + 1) if file else b""
    if data and file:
        try:
            return data[:_MOST_BYTES].decode("utf-8-sig"), file.filename or "file"
        except UnicodeDecodeError:
            raise InputError(NO_TEXT) from None
    if text.strip():
        return text.replace("\r\n", "\n"), "YAML"
    raise InputError(NOTHING_GIVEN)


def _number(found: VersionRow) -> int:
    return found.row.version


def _to(key: str, version: int, tail: str = "") -> Response:
    return RedirectResponse(f"/scorecards/{key}/{version}{tail}", status_code=303)
