"""The words that the speech model is told to listen for. For supervisors."""

from __future__ import annotations

import csv
import io
from typing import Annotated

from fastapi import APIRouter, File, Form, HTTPException, UploadFile
from fastapi.responses import RedirectResponse, Response

from avasanj.errors import InputError
from avasanj.i18n import LANGUAGES, N_
from dashboard.access import Changes, Supervisor
from dashboard.queries.follow_ups import late_count
from transcription import hot_words
from transcription.exports import cell

router = APIRouter(prefix="/words")
_MOST_BYTES = 1 << 20


@router.get("")
def page(who: Supervisor) -> Response:
    return _show(who)


@router.post("", dependencies=Changes)
def add(
    who: Supervisor,
    language: Annotated[str, Form(max_length=5)],
    words: Annotated[str, Form(max_length=200_000)] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Words that were typed, one a line, and those of a file."""
    try:
        given = [*hot_words.read(words), *hot_words.read(_text(file))]
        with who.site.database.transaction() as session:
            hot_words.add(session, language, given, who.id)
    except InputError as problem:
        return _show(who, problem=problem, typed=words, status=422)
    return RedirectResponse(f"/words#{language}", status_code=303)


@router.post("/remove", dependencies=Changes)
def remove(who: Supervisor, word: Annotated[list[int], Form()]) -> Response:
    with who.site.database.transaction() as session:
        hot_words.remove(session, word, who.id)
    return RedirectResponse("/words", status_code=303)


@router.post("/{word_id}/first", dependencies=Changes)
def put_first(who: Supervisor, word_id: int) -> Response:
    with who.site.database.transaction() as session:
        hot_words.put_first(session, word_id, who.id)
    return RedirectResponse("/words", status_code=303)


@router.get("/{language}.csv")
def export(who: Supervisor, language: str) -> Response:
    """The list as it can be taken in again."""
    if language not in LANGUAGES:
        raise HTTPException(404)
    with who.site.database.read() as session:
        listed = hot_words.listed(session, who.site.settings.speech_model_path).get(language, [])
    out = io.StringIO()
    csv.writer(out).writerows([["word"], *([cell(one.word.text)] for one in listed)])
    headers = {"Content-Disposition": f'attachment; filename="words-{language}.csv"'}
    return Response("\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _show(who: Supervisor, problem: InputError | None = None, typed: str = "", status: int = 200) -> Response:
    with who.site.database.read() as session:
        listed, late = hot_words.listed(session, who.site.settings.speech_model_path), late_count(session, who)
    return who.show("hot_words.html", status, listed=listed, late=late, problem=problem, typed=typed)


def _text(file: UploadFile | None) -> str:
    """What a file holds. Raises InputError for one that is too large or no text."""
    data = file.file.read(_MOST_BYTES + 1) if file else b""
    if len(data) > _MOST_BYTES:
        raise InputError(N_("The file is larger than 1 MB. A list of words is one word a line."))
    try:
        return data.decode("utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(N_("The file is no text in UTF-8. Save it as “CSV UTF-8”, or as text.")) from None
