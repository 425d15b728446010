"""What waits for whom, the command line over it, and the hourly duties, on a real database."""

import datetime
import json
from pathlib import Path

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from avasanj.cli import reviews as _commands  # noqa: F401 - it registers the commands
from avasanj.cli.app import app
from avasanj.database import utc_now
from avasanj.errors import AccessError, InputError
from avasanj.people import User
from avasanj.scoring_settings import ScoringSettings
from avasanj.settings import Settings
from scoring.reviews import calibration, disputes, inbox, periodic, person, sampling_rules
from scoring.reviews.tables import Dispute, Review, SamplingRule
from tests.scoring.reviews.center import START, Center
from tests.scoring.reviews.test_person import review

DAY = datetime.timedelta(days=1)


def test_an_evaluator_sees_what_waits_overdue_first_and_a_supervisor_how_much_for_whom(center: Center):
    late, soon = center.call(dissatisfied=0.7), center.call("omid", says={"respect": ("no", 0.9)})
    nobodys = center.call(says={"respect": ("no", 0.9)})
    center.call(source="sample", says={"respect": ("no", 0.9)})
    hesitant, plain = center.call(says={"greeting": ("unsure", 0.4)}), center.call(at=START + DAY)
    now = utc_now()
    with center.database.transaction() as session:
        boss, mina = center.people["boss"], center.people["mina"]
        inbox.assign(session, soon, mina, by=boss, due_at=now + DAY)
        inbox.assign(session, late, mina, by=boss, due_at=now - DAY)
        with pytest.raises(InputError, match="already"):
            inbox.assign(session, late, mina, by=boss)
        with pytest.raises(AccessError, match="Only supervisors"):
            inbox.assign(session, late, center.people["sara"], by=boss)
        with pytest.raises(AccessError, match="Only supervisors"):
            inbox.assign(session, late, mina, by=center.people["sara"])
    review(center, center.call(), who="reza", steps="na", warmth="3", tries="1")
    with center.database.read() as session:
        first, second = inbox.open_reviews(session, mina)
        assert (first.evaluation_id, first.overdue, first.agent, first.queue, first.dissatisfied) == (
            late,
            True,
            "Sara",
            "support",
            0.7,
        )
        assert (second.evaluation_id, second.overdue, second.needs_person, second.evaluator) == (
            soon,
            False,
            True,
            "Mina",
        )
        assert first.reason == {"id": "Given by %(name)s", "values": {"name": "Boss"}}
        loads = {one.name: (one.open, one.overdue, one.submitted) for one in inbox.loads(session)}
        assert loads == {"Mina": (2, 1, 0), "Reza": (0, 0, 1), "Boss": (0, 0, 0)}
        waiting = [one.evaluation_id for one in inbox.unassigned(session)]
        assert waiting[:2] == [nobodys, hesitant], "what may fail comes first, then what the machine is unsure of"
        assert waiting[2:] == [plain], "of which only people's own questions are open"
        assert inbox.count_unassigned(session) == (3, 2)
        owed = {"reviews": 2, "reviews_overdue": 1, "disputes": 0, "disputes_overdue": 0}
        assert inbox.owed_by_people(session, utc_now()) == owed
    with center.database.transaction() as session:
        session.get_one(User, mina).active = False
        session.flush()
        assert {one.evaluation_id for one in inbox.unassigned(session)} >= {nobodys, soon}, "she can't do it any more"


def test_a_review_goes_to_somebody_else_with_its_answers(center: Center):
    made, own = center.call(), center.call("reza")
    begun, of_reza = review(center, made, submit=False, greeting="no"), review(center, own, submit=False)
    with center.database.transaction() as session:
        moved = inbox.reassign(session, begun, center.people["reza"], by=center.people["boss"])
        assert moved.evaluator_id == center.people["reza"]
        person.submit(session, begun, by=center.people["reza"])
        with pytest.raises(InputError, match="submitted or withdrawn"):
            inbox.reassign(session, begun, center.people["mina"], by=center.people["boss"])
        with pytest.raises(AccessError, match="spoke themselves"):
            inbox.reassign(session, of_reza, center.people["reza"], by=center.people["boss"])
    assert center.standing(made)[1]["greeting"].value == "no"


def test_a_calibration_in_the_inbox_shows_no_score_that_could_lead_anybody(center: Center):
    made = center.call()
    with center.database.transaction() as session:
        both = [center.people["mina"], center.people["reza"]]
        calibration.open_session(session, made, both, by=center.people["boss"], title="Weekly")
        [waits] = inbox.open_reviews(session, center.people["mina"])
    assert (waits.kind, waits.score) == ("calibration", None)


def test_the_hourly_duties_draw_and_expire_once(center: Center, settings: Settings):
    now = utc_now()
    center.call(at=now - 3 * DAY)
    made = center.call("omid", at=now - 60 * DAY)
    with center.database.transaction() as session:
        sampling_rules.add(session, {"name": "Daily", "period": "day", "amount": 1})
        session.execute(update(SamplingRule).values(made_at=now - 5 * DAY))
        limits = ScoringSettings()
        disputes.open_(session, made, center.people["omid"], ["greeting"], "No", limits=limits, now=now - 8 * DAY)
    for _ in range(2):
        periodic.run(settings, center.database)
    with center.database.read() as session:
        assert len(session.scalars(select(Review)).all()) == 1
        assert session.scalars(select(Dispute.state)).all() == ["expired"]


def test_rules_and_what_waits_on_the_command_line(
    center: Center, settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("AVASANJ_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("AVASANJ_DATABASE_URL", database_url.replace("postgresql+psycopg", "postgresql"))

    def run(*words: str) -> str:
        found = CliRunner().invoke(app, ["reviews", *words])
        if isinstance(found.exception, InputError):
            raise found.exception
        assert found.exit_code == 0, found.output
        return found.stdout

    file = tmp_path / "rules.yaml"
    file.write_text(
        "- {name: Weekly, amount: 2}\n- {name: Risky, chosen_by: risk, evaluators: [mina], amount: 1, per: all}\n"
    )
    assert "Weekly: added" in run("rules", "add", str(file))
    run("rules", "add", "--name", "Weekly", "--amount", "3", "--period", "day")
    rows = {row["name"]: row for row in json.loads(run("rules", "list", "--json"))}
    assert (rows["Weekly"]["amount"], rows["Weekly"]["period"], rows["Risky"]["evaluators"]) == (3, "day", ["mina"])
    file.write_text("- {name: Good}\n- {name: Bad, per: city}\n")
    with pytest.raises(InputError, match="city"):
        run("rules", "add", str(file))
    file.write_text("name: [\n")
    with pytest.raises(InputError, match="line 2: this is no YAML"):
        run("rules", "add", str(file))
    assert "Good" not in run("rules", "list")
    center.call(at=utc_now())
    given = {row["rule"]: row for row in json.loads(run("draw", "--json"))}
    assert given["Weekly"]["assigned"] + given["Risky"]["assigned"] == 1
    assert "Sara had only" in " ".join(given["Weekly"]["shortages"])
    assert "1 evaluations need a person" not in run("inbox")
    loads = json.loads(run("inbox", "--json"))
    assert sum(one["open"] for one in loads["evaluators"]) == 1
    [holder] = [one["name"].lower() for one in loads["evaluators"] if one["open"]]
    assert json.loads(run("inbox", holder, "--json"))[0]["reason"]
    made = center.call()
    with center.database.transaction() as session:
        disputes.open_(session, made, center.people["sara"], ["greeting"], "I did.", limits=ScoringSettings())
    assert [row["questions"] for row in json.loads(run("disputes", "--json"))] == [["greeting"]]
    assert "I did." in run("disputes")
    assert "removed" in run("rules", "remove", "Weekly")
    with pytest.raises(InputError, match="no sampling rule"):
        run("rules", "remove", "Weekly")
