"""Several PBXs in one listener: each by itself, in its own journal, and one's trouble is not the others'."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from avasanj.database import Database
from avasanj.doctor import pbx as doctor
from avasanj.settings import Settings, load_settings
from telephony import journal
from telephony.tables import CallState
from tests.telephony.conftest import OWN_STREAMS
from tests.telephony.following import calls, eventually, following, pbx_state
from tests.telephony.small_pbx import SmallPbx

ANSWERED = (OWN_STREAMS / "22-answered_agent_hangup.txt").read_bytes()


def together(settings: Settings, **pbxs: dict[str, object]) -> Settings:
    assert settings.database_url is not None
    return load_settings(
        data_dir=settings.data_dir,
        recordings_dir=settings.recordings_dir,
        database_url=settings.database_url,
        recording_wait_s=1.0,
        pbxs=pbxs,
    )


def at(pbx: SmallPbx, **more: object) -> dict[str, object]:
    return {"host": pbx.host, "port": pbx.port, "secret": "right", **more}


def test_equal_ids_on_two_pbxs_are_two_calls_each_in_its_own_journal(settings: Settings, database: Database) -> None:
    with SmallPbx() as tehran, SmallPbx() as shiraz:
        both = together(settings, tehran=at(tehran), shiraz=at(shiraz, phone_area_code="071"))
        with following(both, database):
            for name in ("tehran", "shiraz"):
                eventually(lambda name=name: pbx_state(database, name)[0] == "connected", what=name)
            tehran.say(ANSWERED)
            shiraz.say(ANSWERED)
            ended = eventually(
                lambda: (
                    [c for c in calls(database) if c.state == CallState.ENDED]
                    if len([c for c in calls(database) if c.state == CallState.ENDED]) == 2
                    else None
                ),
                what="both calls",
            )
    assert {call.pbx for call in ended} == {"tehran", "shiraz"}
    assert len({call.linked_id for call in ended}) == 1
    for name in ("tehran", "shiraz"):
        told = [message.name for _, message in journal.messages(settings.journal_dir / name)]
        assert told.count("QueueCallerJoin") == 1


def test_one_that_refuses_us_and_one_that_is_away_leave_the_third_alone(settings: Settings, database: Database) -> None:
    with SmallPbx() as away:
        nobody = away.port
    with SmallPbx(secret="another") as closed, SmallPbx() as open_:
        all_ = together(
            settings,
            closed=at(closed),
            away={"host": "127.0.0.1", "port": nobody, "secret": "right"},
            resting={"host": "127.0.0.1", "port": nobody, "secret": "right", "paused": True},
            well=at(open_),
        )
        with following(all_, database):
            for name, state in {
                "closed": "refused",
                "away": "connecting",
                "resting": "paused",
                "well": "connected",
            }.items():
                eventually(lambda name=name, state=state: pbx_state(database, name)[0] == state, what=f"{name} {state}")
            open_.say(ANSWERED)
            eventually(lambda: [c for c in calls(database) if c.state == CallState.ENDED], what="the call")
        states = {found.check: found.state.value for found in doctor.connection(all_)}
    assert states == {"PBX closed": "fault", "PBX away": "fault", "PBX resting": "warning", "PBX well": "ok"}


def test_what_is_not_said_of_a_pbx_is_as_the_single_settings_have_it() -> None:
    settings = Settings.model_validate({
        "data_dir": "/tmp/x",
        "ami_user": "all",
        "ami_secret": "s1",
        "inbound_contexts": "from-here",
        "recordings_dir": "/rec",
        "pbxs": {
            "one": {"host": "192.0.2.1"},
            "two": {"host": "192.0.2.2", "secret": "s2", "tls": True, "inbound_contexts": ["from-there"], "recordings_dir": ["/two"]},
        },
    })  # fmt: skip
    one, two = settings.each_pbx()
    assert (one.pbx_name, one.ami_host, one.ami_port, one.ami_user) == ("one", "192.0.2.1", 5038, "all")
    assert (two.pbx_name, two.ami_port, two.ami_tls, two.inbound_contexts) == ("two", 5039, True, ["from-there"])
    assert [pbx.ami_secret.get_secret_value() for pbx in (one, two) if pbx.ami_secret] == ["s1", "s2"]
    assert [str(folder) for folder in settings.recordings_dirs] == ["/rec", "/two", "/tmp/x/archive"]
    assert "s2" not in repr(settings) + repr(two)


@pytest.mark.parametrize("pbxs", [{"a b": {"host": "x"}, "a_b": {"host": "y"}}, {"": {"host": "x"}}, {"a": {}}])
def test_names_that_can_not_be_told_apart_are_refused(pbxs: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="pbxs"):
        Settings.model_validate({"data_dir": "/tmp", "pbxs": pbxs})


def test_secret_is_in_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVASANJ_PBXS", json.dumps({"a": {"secret": "h1dden", "port": "x"}}))
    with pytest.raises(Exception, match="AVASANJ_PBXS_A_HOST") as caught:
        load_settings()
    assert "h1dden" not in str(caught.value)
