"""Transcripts on the pages and as data: who may correct, what two people at once see, what is given out, what is found."""

from __future__ import annotations

import csv
import io
import re
import uuid

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update
from sqlalchemy.orm import selectinload

from avasanj.people import AuditEntry
from dashboard.queries.script import ShownTurn
from dashboard.routes.transcripts_api import accepted
from tests.dashboard.conftest import Day, Enter, csrf
from tests.dashboard.seed import Seeded
from tests.dashboard.seed.heard import OTHER_ID
from tests.dashboard.seed.words import CALM_EN, CALM_FA
from transcription.exports import Format, line_of
from transcription.tables import Correction, HotWord, LiveTurn, Playback, Rehearing, Transcript, Turn


def turns_of(day: Day, name: str) -> list[Turn]:
    with day.database.read() as session:
        query = select(Transcript).where(Transcript.call_id == day.seeded.calls[name], Transcript.current)
        return session.scalars(query.options(selectinload(Transcript.turns))).one().turns


def place(day: Day, name: str, turn: Turn) -> str:
    return f"/calls/{day.seeded.calls[name]}/turns/{turn.id}"


def test_supervisor_corrects_a_turn_in_its_place_and_sees_both(day: Day) -> None:
    client, (first, *_) = day.enter("super"), turns_of(day, "happy")
    form = client.get(place(day, "happy", first) + "/correct").text
    assert f">{CALM_EN[0][4]}</textarea>" in form
    saved = client.post(
        place(day, "happy", first),
        data={"csrf": csrf(client), "before": first.text, "after": "Good morning, Harbour Broadband, this is Priya."},
    ).text
    assert saved.strip().startswith('<li class="turn agent')
    assert "Harbour Broadband" in saved
    assert re.search(r'class="original"[^>]*>Good morning, Harbor Broadband', saved)
    assert "Martin Hale" in saved
    page = client.get(f"/calls/{day.seeded.calls['happy']}").text
    assert "Harbour Broadband" in page
    shown = client.get(f"/api/calls/{day.seeded.calls['happy']}").json()["transcript"]["turns"][0]
    assert (shown["text"], shown["original"]) == ("Good morning, Harbour Broadband, this is Priya.", first.text)
    with day.database.read() as session:
        assert session.scalars(select(AuditEntry).where(AuditEntry.action == "turn.corrected")).all()


def test_agent_corrects_nothing_and_sees_no_button_for_it(day: Day) -> None:
    client, turn = day.enter("agent"), turns_of(day, "angry")[0]
    page = client.get(f"/calls/{day.seeded.calls['angry']}").text
    assert "data-correct" not in page
    assert "/transcripts" not in page
    token = csrf(client)
    for path in (place(day, "angry", turn), f"/calls/{day.seeded.calls['angry']}/transcripts", "/words"):
        answer = client.post(
            path, data={"csrf": token, "before": turn.text, "after": "x", "model": "x", "language": "fa"}
        )
        assert answer.status_code == 403, path
    assert client.get(place(day, "angry", turn) + "/correct").status_code == 403
    assert (
        client.post(
            f"/api/calls/{day.seeded.calls['angry']}/turns/0",
            json={"before": turn.text, "after": "x"},
            headers={"x-csrf-token": token},
        ).status_code
        == 403
    )


def test_who_comes_second_sees_the_others_words_and_keeps_their_own(day: Day) -> None:
    one, other, (first, *_) = day.enter("super"), day.enter("admin"), turns_of(day, "happy")
    other.post("/language", data={"language": "en"})
    path = place(day, "happy", first)
    one.post(path, data={"csrf": csrf(one), "before": first.text, "after": "first words"})
    answer = other.post(path, data={"csrf": csrf(other), "before": first.text, "after": "second words"}).text
    assert "<form" in answer
    assert "Somebody else has changed this turn" in answer
    assert 'name="before" value="first words"' in answer
    assert ">second words</textarea>" in answer
    assert turns_of(day, "happy")[0].said == "first words"
    again = other.post(path, data={"csrf": csrf(other), "before": "first words", "after": "second words"}).text
    assert "<form hx-post" in again  # only the ones that undo
    assert "textarea" not in again
    assert turns_of(day, "happy")[0].said == "second words"


def test_program_that_comes_second_gets_409_with_what_the_turn_says(day: Day) -> None:
    client = day.enter("super")
    path, headers = (
        f"/api/calls/{day.seeded.calls['happy']}/turns/1",
        {"x-csrf-token": client.get("/api/me").json()["csrf"]},
    )
    text = CALM_EN[1][4]
    assert client.post(path, json={"before": text, "after": "a"}, headers=headers).json() == {
        "position": 1, "text": "a", "original": text,
    }  # fmt: skip
    refused = client.post(path, json={"before": text, "after": "b"}, headers=headers)
    assert (refused.status_code, refused.json()["text"]) == (409, "a")
    assert client.post(path, json={"before": text, "after": "b"}).status_code == 403
    assert client.post(path.replace("/1", "/99"), json={"before": "", "after": ""}, headers=headers).status_code == 404


def test_turn_of_another_call_is_not_corrected_through_this_one(day: Day) -> None:
    client, turn = day.enter("super"), turns_of(day, "angry")[0]
    answer = client.post(place(day, "happy", turn), data={"csrf": csrf(client), "before": turn.text, "after": "x"})
    assert answer.status_code == 404
    assert turns_of(day, "angry")[0].corrected is None


def test_words_of_a_correction_are_text_and_no_markup(day: Day) -> None:
    client, (first, *_) = day.enter("super"), turns_of(day, "happy")
    nasty = '<img src=x onerror="alert(1)">'
    saved = client.post(
        place(day, "happy", first), data={"csrf": csrf(client), "before": first.text, "after": nasty}
    ).text
    assert "<img" not in saved
    assert "<img" not in client.get(f"/calls/{day.seeded.calls['happy']}").text


def test_unsure_words_and_turns_are_marked_with_the_number(enter: Enter, seeded: Seeded) -> None:
    client = enter("super")
    page = client.get(f"/calls/{seeded.calls['weak']}").text
    assert re.search(r'<mark class="unsure" title="The machine is \S*38%\S* sure of this word\.">', page)
    assert re.search(r'class="doubt"[^>]*>unsure, \S*41%', page)
    assert "(87%)" in page  # how sure of the language
    assert "expect wrong words" in page
    assert 'title="d01c3014aa6a"' in page


@pytest.mark.parametrize(("confidence", "unsure"), [(0.0, True), (0.4, True), (0.9, False), (None, False)])
def test_turn_of_which_the_model_knows_nothing_is_no_sure_one(confidence: float | None, unsure: bool) -> None:
    turn = Turn(position=0, party="agent", start_s=0.0, end_s=1.0, text="yes", confidence=confidence)
    assert ShownTurn(turn=turn, line=line_of(turn), unsure_below=0.5).unsure is unsure


def test_what_could_not_be_heard_stands_at_its_time_with_the_reason(enter: Enter, seeded: Seeded) -> None:
    client = enter("admin")
    client.post("/language", data={"language": "fa"})
    page = client.get(f"/calls/{seeded.calls['weak']}").text
    assert page.index("شنیده نشد") > page.index(CALM_FA[-2][4][:6])
    hole = page[page.index('class="break dropped"') :]
    assert "data-play" in hole[: hole.index("</li>")]
    assert "را تکرار می‌کند" in hole[: hole.index("</li>")]


def test_recording_that_breaks_off_says_so_where_it_does(day: Day) -> None:
    with day.database.transaction() as session:
        session.get_one(Playback, day.seeded.calls["happy"]).breaks_off = {"agent": 5.5}
    client = day.enter("super")
    page = client.get(f"/calls/{day.seeded.calls['happy']}").text
    assert page.index('id="turn-1"') < page.index("the recording breaks off here") < page.index('id="turn-2"')
    holes = client.get(f"/api/calls/{day.seeded.calls['happy']}/transcript").json()["unheard"]
    assert [(hole["kind"], hole["party"], hole["start_s"]) for hole in holes] == [("cut_off", "agent", 5.5)]


def test_word_times_are_for_each_word_its_place_and_its_hundredths(enter: Enter, seeded: Seeded) -> None:
    page = enter("super").get(f"/calls/{seeded.calls['happy']}").text
    first = re.search(r'id="turn-0"[^>]* data-words="([^"]+)"', page)
    assert first is not None
    numbers = [int(number) for number in first.group(1).split()]
    words = CALM_EN[0][4].split()
    assert numbers[::2] == [sum(len(word) + 1 for word in words[:n]) for n in range(len(words))]
    assert numbers[1] == 40
    assert numbers[1::2] == sorted(numbers[1::2])


@pytest.mark.parametrize("form", list(Format))
def test_transcript_is_given_out_in_every_form(enter: Enter, seeded: Seeded, form: Format) -> None:
    client = enter("super")
    answer = client.get(f"/api/calls/{seeded.calls['weak']}/transcript?format={form}&language=fa")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{form.media_type}; charset=utf-8"
    assert answer.headers["content-disposition"].endswith(f'{form.ending}"')
    assert "سرویس" in answer.text  # as it was corrected
    by_header = client.get(
        f"/api/calls/{seeded.calls['weak']}/transcript?language=fa", headers={"accept": form.media_type}
    )
    assert by_header.text == answer.text


def test_transcript_is_given_to_those_only_who_may_see_the_call(enter: Enter, seeded: Seeded, look_day: Day) -> None:
    path = f"/api/calls/{seeded.calls['happy']}/transcript"
    assert enter("agent").get(path).status_code == 404
    assert look_day.client().get(path).status_code == 401
    assert enter("super").get(f"/api/calls/{seeded.calls['abandoned']}/transcript").status_code == 404
    assert enter("super").get(path, headers={"accept": "image/png"}).status_code == 406
    assert enter("super").get(path + "?format=doc").status_code == 404


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Format.JSON),
        ("*/*", Format.JSON),
        ("text/vtt", Format.VTT),
        ("text/csv;q=0.5, text/plain", Format.TEXT),
        ("image/png, application/x-subrip;q=0.1", Format.SRT),
        ("text/*", Format.TEXT),
        ("text/csv;q=0", None),
        ("image/*", None),
        (";;;,q=", None),
    ],
)
def test_header_accept_chooses_the_form(accept: str, form: Format | None) -> None:
    assert accepted(accept) is form


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("گیگ هدیه", {"calm", "shared", "handed", "weak"}),
        ("گيگ  هديه", {"calm", "shared", "handed", "weak"}),  # Arabic letters
        ("سرویس یکساله", set()),
        ("سرويس يک ساله", {"weak"}),  # as it was corrected, without ZWNJ
        ("technician", {"happy"}),
        ("TECHNIC", {"happy"}),
        ("refund month", set()),  # in two turns
        ("promised refund", {"english"}),
        ("' & | ! :* <-> (", set()),
    ],
)
def test_calls_are_found_by_what_was_said_in_them(enter: Enter, seeded: Seeded, said: str, names: set[str]) -> None:
    answer = enter("super").get("/api/calls", params={"said": said})
    listed = {call["id"] for call in answer.json()["calls"]}
    if re.search(r"\w", said):
        assert listed == {str(seeded.calls[name]) for name in names}
    else:
        assert len(listed) > 5  # no word in it: no limit


def test_list_shows_where_it_was_said_with_the_words_marked(enter: Enter, seeded: Seeded) -> None:
    page = enter("super").get("/calls", params={"said": "refund"}).text
    assert "<mark>refund</mark>" in page
    assert f'/calls/{seeded.calls["english"]}?said=refund#turn-5"' in page


def test_agent_finds_only_in_own_calls(enter: Enter, seeded: Seeded) -> None:
    listed = enter("agent").get("/api/calls", params={"said": "خدانگهدار"}).json()["calls"]
    assert {call["id"] for call in listed} <= {str(seeded.calls[name]) for name in ("weak", "angry")}


def test_search_uses_the_index(day: Day) -> None:
    with day.database.transaction() as session:
        session.execute(update(Turn).values(plain=Turn.plain))
        session.connection().exec_driver_sql("set local enable_seqscan = off")
        plan = session.connection().exec_driver_sql(
            "explain select id from transcription.turn where to_tsvector('simple', plain) @@ to_tsquery('simple', 'a:*')"
        )
        assert "ix_turn_plain" in "\n".join(row[0] for row in plan)


def test_two_transcripts_stand_beside_each_other_and_one_is_chosen(day: Day) -> None:
    client, call_id = day.enter("super"), day.seeded.calls["weak"]
    page = client.get(f"/calls/{call_id}/transcripts/{OTHER_ID}").text
    assert "<del>عالیه،</del>" in page
    assert "<ins>علیه،</ins>" in page
    assert "whisper-tiny int8" in page
    answer = client.post(f"/calls/{call_id}/transcripts/{OTHER_ID}/current", data={"csrf": csrf(client)})
    assert answer.headers["location"] == f"/calls/{call_id}"
    page = client.get(f"/calls/{call_id}").text
    assert "علیه" in page
    assert "سرویس" in page  # the correction came along
    assert "taken over from an earlier transcript" in page
    assert client.get(f"/calls/{call_id}/transcripts/{OTHER_ID}").status_code == 404  # it is the current one now


def test_another_transcript_is_asked_for_once_and_its_failure_is_told(day: Day) -> None:
    client, call_id = day.enter("super"), day.seeded.calls["happy"]
    folder = day.settings.models_dir / "large"
    folder.mkdir(parents=True)
    (folder / "model.bin").touch()
    for _ in range(2):
        client.post(f"/calls/{call_id}/transcripts", data={"csrf": csrf(client), "model": "large"})
    assert "Another transcript is being made by" in client.get(f"/calls/{call_id}").text
    with day.database.transaction() as session:
        asked = session.scalars(select(Rehearing)).one()
        assert (asked.call_id, asked.model, asked.asked_by) == (call_id, "large", day.seeded.supervisor)
        asked.done_at, asked.problem = asked.asked_at, "The model is broken."
    assert "The model is broken." in client.get(f"/calls/{call_id}").text
    for model in ("../../etc", "missing"):
        data = {"csrf": csrf(client), "model": model}
        assert client.post(f"/calls/{call_id}/transcripts", data=data).status_code == 404


def test_words_to_listen_for_are_added_typed_and_by_file_and_taken_away(day: Day) -> None:
    client = day.enter("super")
    token = csrf(client, "/words")
    file = ("list.csv", "word;note\nسیم‌کارت;x\nایرانسل;y\n".encode("utf-8-sig"), "text/csv")
    answer = client.post("/words", data={"csrf": token, "language": "fa", "words": "پیشخوان\n"}, files={"file": file})
    assert answer.status_code == 303
    page = client.get("/words").text
    assert "پیشخوان" in page
    assert "ایرانسل" in page
    assert page.count("سیم‌کارت") == 1
    assert "no room" in page  # of the fifteen English ones
    listed = client.get("/words/fa.csv").text
    assert [row[0] for row in csv.reader(io.StringIO(listed.removeprefix("\ufeff")))][-2:] == ["پیشخوان", "ایرانسل"]
    client.post("/words", data={"csrf": token, "language": "en", "words": '=HYPERLINK("x")\n'})
    out = client.get("/words/en.csv").text
    assert "\n=" not in out, "no spreadsheet runs a word"
    client.post(
        "/words", data={"csrf": token, "language": "en"}, files={"file": ("list.csv", out.encode(), "text/csv")}
    )
    assert client.get("/words/en.csv").text == out, "taken in again, it is the same word"
    page = client.get("/words").text
    ids = re.findall(r'name="word" value="(\d+)"', page)
    client.post("/words/remove", data={"csrf": token, "word": ids})
    with day.database.read() as session:
        assert session.scalars(select(HotWord)).all() == []


@pytest.mark.parametrize("language", ["de", "فا"])
def test_list_of_a_language_that_is_none_of_ours_is_a_404(enter: Enter, language: str) -> None:
    assert enter("super").get(f"/words/{language}.csv").status_code == 404


def test_what_was_heard_live_of_a_call_without_a_transcript_is_shown_as_that(day: Day) -> None:
    call_id = day.seeded.calls["happy"]
    facts = {"file": "a.wav", "start_s": 1.0, "end_s": 2.0, "at_s": 1.0, "confidence": 0.9, "words": [], "model": "m"}
    with day.database.transaction() as session:
        session.execute(delete(Transcript).where(Transcript.call_id == call_id))
        session.add(LiveTurn(call_id=call_id, party="agent", text="heard meanwhile", model_version="1", **facts))
    page = day.enter("super").get(f"/calls/{call_id}").text
    assert "heard meanwhile" in page
    assert "This was heard while the call went on." in page
    assert "The call is going on." not in page


def test_file_that_is_no_list_is_refused_in_words(day: Day) -> None:
    client = day.enter("super")
    data = {"csrf": csrf(client, "/words"), "language": "fa", "words": "kept"}
    answer = client.post("/words", data=data, files={"file": ("x.png", b"\x89PNG\xe3\x28", "image/png")})
    assert answer.status_code == 422
    assert "no text in UTF-8" in answer.text
    assert ">kept</textarea>" in answer.text


def test_correction_taken_back_leaves_its_history(day: Day) -> None:
    client, turn = day.enter("super"), turns_of(day, "weak")[1]
    assert turn.corrected is not None
    data = {"csrf": csrf(client), "before": turn.said, "after": turn.text}
    saved = client.post(place(day, "weak", turn), data=data).text
    assert "سرویس" not in re.sub(r"<details.*</details>", "", saved, flags=re.DOTALL)
    with day.database.read() as session:
        history = session.scalars(select(Correction).where(Correction.turn_id == turn.id).order_by(Correction.id)).all()
    assert [one.after is None for one in history] == [False, True]


def test_no_such_turn_transcript_or_call_is_a_404(enter: Enter, seeded: Seeded) -> None:
    client: TestClient = enter("super")
    call_id = seeded.calls["happy"]
    for path in (
        f"/calls/{call_id}/turns/0",
        f"/calls/{uuid.uuid4()}/turns/1/correct",
        f"/calls/{call_id}/transcripts/{OTHER_ID}",
    ):
        assert client.get(path).status_code == 404, path
