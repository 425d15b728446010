"""The stage on a real database: what it stores, that a second run changes nothing, and whom it judges on what."""

import datetime
import uuid

import pytest
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from avasanj.database import Database
from avasanj.errors import LastingError
from avasanj.settings import Settings
from scoring import card_file, library
from scoring.evaluation import version_of
from scoring.mood import Encodes
from scoring.stage import score
from scoring.tables import Answer, Evaluation, Mood
from telephony.tables import AgentSpan, Call, HoldSpan, Recording
from transcription.tables import Measures, Transcript, Turn

pytestmark = pytest.mark.model
START = datetime.datetime(2026, 11, 21, 8, 0, tzinfo=datetime.UTC)
TWO_AGENTS = [
    ("agent", "Good morning, Lantern Internet, this is Emma. How may I help?"),
    ("customer", "My bill is wrong again and I am sick of calling you about it."),
    ("agent", "I'm sorry. May I have your name, please? I'll call you back tomorrow at eleven."),
    ("customer", "Hayes. This is ridiculous."),
    ("agent", "Yeah?"),
    ("customer", "I was talking to Emma about the bill. Nobody helps me."),
    ("agent", "That's not my problem. Stop wasting my time."),
    ("customer", "That is outrageous. Get me your manager."),
]


def seconds(value: float) -> datetime.timedelta:
    return datetime.timedelta(seconds=value)


def add_call(
    database: Database,
    lines: list[tuple[str, str]] | None,
    *,
    source: str = "live",
    spans: int = 1,
    too_weak: bool = False,
    confidence: float | None = 0.9,
    hold_at_s: float | None = None,
    number: str | None = "+14165550127",
    started_at: datetime.datetime = START,
) -> str:
    """An answered call whose recording starts 20 s in; turns of 5 s, 6 s apart; the spans share the time evenly."""
    id_ = uuid.uuid4()
    length_s = 6.0 * len(lines or []) + 20
    call = Call(
        id=id_, pbx="pbx", linked_id=str(id_), source=source, direction="inbound", state="ended", disposition="answered", customer_e164=number,
        started_at=started_at, ended_at=started_at + seconds(length_s), wait_s=20.0,
    )  # fmt: skip
    share = (length_s - 20) / spans
    call.spans = [
        AgentSpan(
            position=n, interface=f"PJSIP/{n}", agent_name=["Emma Collins", "Kevin Marsh"][n],
            started_at=started_at + seconds(20 + n * share), ended_at=started_at + seconds(20 + (n + 1) * share),
        )
        for n in range(spans)
    ]  # fmt: skip
    call.recordings = [Recording(party=party, path=f"/{party}.wav", offset_s=20.0) for party in ("agent", "customer")]
    if hold_at_s is not None:
        call.hold_spans = [
            HoldSpan(started_at=started_at + seconds(20 + hold_at_s), ended_at=started_at + seconds(50 + hold_at_s))
        ]
    with database.transaction() as session:
        session.add(call)
        session.flush()
        if lines is not None:
            turns = [
                Turn(position=n, party=party, start_s=6.0 * n, end_s=6.0 * n + 5, text=text, confidence=confidence)
                for n, (party, text) in enumerate(lines)
            ]
            session.add(Transcript(call_id=id_, language="en", source="whisper", too_weak=too_weak, turns=turns))
    return str(id_)


def stored(database: Database, call_id: str) -> tuple[Mood | None, list[Evaluation]]:
    with database.read() as session:
        query = (
            select(Evaluation).where(Evaluation.call_id == uuid.UUID(call_id)).options(selectinload(Evaluation.answers))
        )
        return session.get(Mood, uuid.UUID(call_id)), list(session.scalars(query.order_by(Evaluation.span_position)))


def values(evaluation: Evaluation) -> dict[str, str]:
    return {answer.question: answer.value for answer in evaluation.answers}


def test_each_agent_is_judged_on_their_own_part_only(settings: Settings, database: Database, encoder: Encodes):
    call_id = add_call(database, TWO_AGENTS, spans=2)
    score(settings, database, encoder, call_id)
    mood, evaluations = stored(database, call_id)
    assert mood is not None
    assert mood.dissatisfied is not None
    assert mood.dissatisfied > 0.6
    assert [one.agent_name for one in evaluations] == ["Emma Collins", "Kevin Marsh"]
    emma, kevin = evaluations
    assert values(emma)["greeting"] == "yes"
    assert values(emma)["forbidden_words"] == "yes"
    assert not emma.needs_person
    assert values(kevin)["greeting"] == "no"
    assert values(kevin)["forbidden_words"] == "no"
    assert kevin.needs_person, "the machine alone fails nobody"
    assert emma.score is not None
    assert kevin.score is not None
    assert emma.score > kevin.score
    assert all(item["turn"] >= 4 for answer in kevin.answers for item in answer.evidence)
    assert [point["turn"] for point in mood.curve] == [1, 3, 5, 7]
    assert {item["party"] for item in mood.evidence} == {"customer"}
    assert {"escalation", "complaint"} <= {part["name"] for part in mood.contributions}


def test_a_promise_is_due_in_the_centers_zone(settings: Settings, database: Database, encoder: Encodes):
    call_id = add_call(database, TWO_AGENTS)
    score(settings.model_copy(update={"timezone": "America/Toronto"}), database, encoder, call_id)
    mood, _ = stored(database, call_id)
    assert mood is not None
    assert [promise["due_at"] for promise in mood.promises] == ["2026-11-22T16:00:00+00:00"]


def test_scoring_again_changes_nothing(settings: Settings, database: Database, encoder: Encodes):
    call_id = add_call(database, TWO_AGENTS)
    score(settings, database, encoder, call_id)
    mood, evaluations = stored(database, call_id)
    score(settings, database, encoder, call_id)
    again, evaluations_again = stored(database, call_id)
    assert mood is not None
    assert again is not None
    assert again.made_at == mood.made_at
    assert [one.id for one in evaluations] == [one.id for one in evaluations_again]


def test_a_new_transcript_is_scored_in_the_place_of_the_old(settings: Settings, database: Database, encoder: Encodes):
    call_id = add_call(database, TWO_AGENTS)
    score(settings, database, encoder, call_id)
    first, _ = stored(database, call_id)
    with database.transaction() as session:
        session.scalars(select(Transcript)).one().changed_at = datetime.datetime.now(datetime.UTC) + seconds(60)
        for turn in session.scalars(select(Turn).where(Turn.party == "customer")):
            turn.text = "That is lovely, thank you so much for all your help."
    score(settings, database, encoder, call_id)
    again, evaluations = stored(database, call_id)
    assert first is not None
    assert again is not None
    assert first.dissatisfied is not None
    assert again.dissatisfied is not None
    assert again.dissatisfied < 0.3 < first.dissatisfied
    assert len(evaluations) == 1
    with database.read() as session:
        assert len(session.scalars(select(Answer)).all()) == 8


def test_a_hold_is_asked_about_only_where_there_was_one(settings: Settings, database: Database, encoder: Encodes):
    without, with_hold = add_call(database, TWO_AGENTS), add_call(database, TWO_AGENTS, hold_at_s=26)
    for call_id in (without, with_hold):
        score(settings, database, encoder, call_id)
    assert values(stored(database, without)[1][0])["hold_announced"] == "na"
    assert values(stored(database, with_hold)[1][0])["hold_announced"] == "no"


def publish_card(database: Database, source: str) -> None:
    library.ensure_shipped(database)
    with database.transaction() as session:
        version = library.import_card(session, source, "card.yaml").version
        library.publish(session, version.key, version.version)


def test_an_old_evaluation_keeps_its_form_when_another_is_published(
    settings: Settings, database: Database, encoder: Encodes
):
    old = add_call(database, TWO_AGENTS)
    score(settings, database, encoder, old)
    publish_card(database, card_file.shipped_text("service").replace("version: 1", "version: 2"))
    new = add_call(database, TWO_AGENTS, number="+14165550128")
    with database.transaction() as session:
        moment = datetime.datetime.now(datetime.UTC) + seconds(60)
        session.scalars(select(Transcript).where(Transcript.call_id == uuid.UUID(old))).one().changed_at = moment
    for call_id in (old, new):
        score(settings, database, encoder, call_id)
    assert [one.scorecard_version for one in stored(database, old)[1]] == [1]
    assert [one.scorecard_version for one in stored(database, new)[1]] == [2]


def test_each_answer_says_what_made_it(settings: Settings, database: Database, encoder: Encodes):
    call_id = add_call(database, TWO_AGENTS)
    with database.transaction() as session:
        transcript = session.scalars(select(Transcript)).one()
        transcript.model, transcript.model_version = "whisper-base int8", "abcdef012345"
    score(settings, database, encoder, call_id)
    [evaluation] = stored(database, call_id)[1]
    questions = {one.key: one for one in card_file.shipped().questions}
    for answer in evaluation.answers:
        assert answer.made_by == {
            "question": version_of(questions[answer.question]), "model": None, "transcript": str(transcript.id),
            "speech": "whisper-base int8", "speech_version": "abcdef012345",
        }  # fmt: skip
    assert [section["key"] for section in evaluation.sections] == ["opening", "handling", "ending", "limits"]
    assert evaluation.answered == 1
    assert evaluation.passed is True


def test_a_fatal_no_by_the_machine_fails_nobody(settings: Settings, database: Database, encoder: Encodes):
    publish_card(database, card_file.shipped_text("promises"))
    call_id = add_call(database, TWO_AGENTS)
    with database.transaction() as session:
        details = {"talk": [0.0, 48.0], "parties": {"agent": {}, "customer": {}}, "silences": [], "talk_overs": []}
        session.add(Measures(call_id=uuid.UUID(call_id), details=details))
    score(settings, database, encoder, call_id)
    promises, service = sorted(stored(database, call_id)[1], key=lambda one: one.scorecard)
    assert (promises.scorecard, service.scorecard) == ("promises", "service")
    found = values(promises)
    assert (found["short_wait"], found["not_interrupted"], found["respectful"]) == ("yes", "yes", "no")
    assert promises.doubted == ["respectful"]
    assert not promises.failed
    assert promises.score
    assert promises.needs_person


@pytest.mark.parametrize(
    ("facts", "why"),
    [({"source": "sample"}, "sample"), ({"too_weak": True}, "not heard well"), ({"confidence": 0.3}, "not heard well")],
)
def test_what_stays_out_of_averages_says_why(settings: Settings, database: Database, encoder: Encodes, facts, why):
    call_id = add_call(database, TWO_AGENTS, **facts)
    score(settings, database, encoder, call_id)
    [evaluation] = stored(database, call_id)[1]
    assert [why in reason["id"] for reason in evaluation.kept_out] == [True]


def test_a_call_for_which_there_is_no_form_is_left_without_a_score(
    settings: Settings, database: Database, encoder: Encodes
):
    call_id = add_call(database, TWO_AGENTS)
    library.ensure_shipped(database)
    with database.transaction() as session:
        library.retire(session, "service")
    score(settings, database, encoder, call_id)
    mood, evaluations = stored(database, call_id)
    assert mood is not None
    assert evaluations == []


def test_a_sample_call_stays_out_of_averages(settings: Settings, database: Database, encoder: Encodes):
    call_id = add_call(database, TWO_AGENTS, source="sample")
    score(settings, database, encoder, call_id)
    assert [one.counts for one in stored(database, call_id)[1]] == [False]


@pytest.mark.parametrize("heard", [{"too_weak": True}, {"confidence": 0.3}])
def test_what_was_not_heard_well_goes_to_a_person(settings: Settings, database: Database, encoder: Encodes, heard):
    call_id = add_call(database, [("agent", "yes"), ("customer", "the bill"), ("agent", "hello to you")], **heard)
    score(settings, database, encoder, call_id)
    [evaluation] = stored(database, call_id)[1]
    assert not evaluation.counts
    assert evaluation.needs_person
    assert "no" not in values(evaluation).values()


def test_in_a_mono_recording_nobody_is_failed(settings: Settings, database: Database, encoder: Encodes):
    call_id = add_call(database, [("mixed", text) for _, text in TWO_AGENTS])
    score(settings, database, encoder, call_id)
    mood, [evaluation] = stored(database, call_id)
    assert mood is not None
    assert mood.dissatisfied is not None
    assert not evaluation.counts
    assert evaluation.needs_person
    assert set(values(evaluation).values()) <= {"unsure", "na"}
    assert evaluation.score is None


def test_guessed_speakers_give_a_mood_and_judge_no_agent(settings: Settings, database: Database, encoder: Encodes):
    call_id = add_call(database, TWO_AGENTS)
    with database.transaction() as session:
        transcript = session.scalars(select(Transcript).where(Transcript.call_id == call_id)).one()
        transcript.speakers_guessed = True
    score(settings, database, encoder, call_id)
    mood, [evaluation] = stored(database, call_id)
    assert mood is not None
    assert {point["turn"] for point in mood.curve} == {1, 3, 5, 7}
    assert not evaluation.counts
    assert evaluation.needs_person
    assert set(values(evaluation).values()) <= {"unsure", "na"}


@pytest.mark.parametrize("lines", [None, [], [("agent", "Hello? Hello?")]])
def test_a_call_without_a_customers_words_has_no_mood_number(
    settings: Settings, database: Database, encoder: Encodes, lines
):
    call_id = add_call(database, lines)
    score(settings, database, encoder, call_id)
    mood, evaluations = stored(database, call_id)
    assert mood is not None
    assert mood.dissatisfied is None
    assert mood.curve == []
    assert len(evaluations) == (1 if lines else 0)


def test_a_silent_agent_is_left_to_a_person(settings: Settings, database: Database, encoder: Encodes):
    call_id = add_call(database, [("customer", "Hello? Is anybody there?")])
    score(settings, database, encoder, call_id)
    [evaluation] = stored(database, call_id)[1]
    assert evaluation.needs_person
    assert not evaluation.counts
    assert evaluation.score is None


def test_calls_before_are_counted_within_a_week(settings: Settings, database: Database, encoder: Encodes):
    add_call(database, TWO_AGENTS, started_at=START - datetime.timedelta(days=2))
    add_call(database, TWO_AGENTS, started_at=START - datetime.timedelta(days=20))
    add_call(database, TWO_AGENTS, started_at=START - datetime.timedelta(days=1), number="+14165559999")
    call_id = add_call(database, TWO_AGENTS)
    score(settings, database, encoder, call_id)
    mood, _ = stored(database, call_id)
    assert mood is not None
    assert [part["value"] for part in mood.contributions if part["name"] == "repeat_call"] == [1]


def test_an_unknown_call_is_told(settings: Settings, database: Database, encoder: Encodes):
    with pytest.raises(LastingError, match="no call"):
        score(settings, database, encoder, str(uuid.uuid4()))
