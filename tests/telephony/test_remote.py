"""Recordings on another machine, by a real SSH server and a real S3 server on the loopback interface."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from avasanj.database import Database
from avasanj.doctor import pbx
from avasanj.errors import SettingsError
from avasanj.settings import Settings, load_settings
from telephony import problems, remote
from telephony.ledger import NamedRecording
from telephony.locating import locate
from telephony.remote import Remote
from telephony.settler import Settler
from telephony.soundfiles import sha256_of
from telephony.storage import Away, at_hand, let_go, storages
from telephony.tables import Party
from tests.peers import PeerMissing
from tests.peers.file_servers import S3Server, SftpServer
from tests.peers.fixtures import missing
from tests.telephony.following import calls, eventually, work_started
from tests.telephony.test_recordings import call_with, sound
from tests.telephony.test_settler import keeping


@dataclasses.dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """A server, the folder that it serves as the PBX's, and settings that name it."""

    server: SftpServer | S3Server
    folder: Path
    settings: Settings
    pbx_folder: str

    def put(self, name: str, content: bytes) -> None:
        """Have the file there, or another one instead."""
        if isinstance(self.server, S3Server):
            self.server.put(f"monitor/{name}", content)
        else:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(content)

    def sound(self, name: str, seconds: float = 1.0) -> bytes:
        """Have a recording there; its bytes."""
        content = sound(self.folder.parent / "made.wav", seconds).read_bytes()
        self.put(name, content)
        return content

    def named(self, name: str, party: Party = Party.CUSTOMER) -> NamedRecording:
        return NamedRecording(party=party, path=f"{self.pbx_folder}/{name}", offset_s=0.0)


@pytest.fixture(params=["sftp", "s3"])
def elsewhere(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[Elsewhere]:
    folder = tmp_path / "served/bucket/monitor"
    folder.mkdir(parents=True)
    try:
        server = SftpServer() if request.param == "sftp" else S3Server("bucket")
    except PeerMissing as peer:
        missing(peer)
    with server:
        if isinstance(server, SftpServer):
            own: dict[str, object] = {
                "recordings_urls": [server.url(folder)],
                "sftp_key_file": server.key_file,
                "sftp_known_hosts": server.known_hosts,
            }
        else:
            own = {
                "recordings_urls": ["s3://bucket/monitor"],
                "s3_endpoint": server.endpoint,
                "s3_access_key": server.access_key,
                "s3_secret_key": SecretStr(server.secret_key),
            }
        yield Elsewhere(
            server=server,
            folder=folder,
            settings=settings.model_copy(update={"recording_wait_s": 1.0, **own}),
            pbx_folder=str(folder) if isinstance(server, SftpServer) else "/var/spool/asterisk/monitor",
        )


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look as often as a test wants to."""
    monkeypatch.setattr(remote, "_LOOK_EVERY_S", 0.0)
    monkeypatch.setattr("telephony.settler._AWAY_LOOK_EVERY_S", 0.3)
    monkeypatch.setattr(remote, "_TIMEOUT_S", 2.0)


@pytest.mark.usefixtures("quick")
def test_recording_is_found_fetched_once_and_let_go_of(elsewhere: Elsewhere, database: Database) -> None:
    settings = elsewhere.settings
    for name in ("2026/11/22/1-r.wav", "2026/11/22/1-t.wav"):
        elsewhere.sound(name, 2.0)
    with keeping(settings, database) as keeper:
        keeper.submit(
            [call_with(elsewhere.named("2026/11/22/1-r.wav"), elsewhere.named("2026/11/22/1-t.wav", Party.AGENT))]
        )
        eventually(lambda: work_started(database), what="the call's going on", limit_s=20)
    (call,) = calls(database)
    assert {(r.party, r.problem, r.duration_s) for r in call.recordings} == {
        ("customer", None, 2.0),
        ("agent", None, 2.0),
    }
    for row in call.recordings:
        assert row.path == f"{settings.recordings_urls[0]}/2026/11/22/1-{'r' if row.party == 'customer' else 't'}.wav"
    elsewhere.server.stop()
    kept, known = call.recordings[0].path, call.recordings[0].sha256
    path = at_hand(storages(settings), kept, sha256=known)
    assert sha256_of(path) == known, "fetched when the call was settled, and not needed from there again"
    assert (path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
    let_go(settings, kept)
    with pytest.raises(Away):
        at_hand(storages(settings), kept, sha256=known)
    elsewhere.server.start()
    assert sha256_of(at_hand(storages(settings), kept, sha256=known)) == known


@pytest.mark.usefixtures("quick")
def test_call_waits_for_a_server_that_is_away_and_goes_on_when_it_is_back(
    elsewhere: Elsewhere, database: Database
) -> None:
    elsewhere.sound("1-r.wav")
    elsewhere.server.stop()
    with keeping(elsewhere.settings, database) as keeper:
        keeper.submit([call_with(elsewhere.named("1-r.wav"))])
        call = eventually(
            lambda: next((c for c in calls(database) if c.recordings_problem), None), what="the reason", limit_s=20
        )
        assert str(call.recordings_problem).startswith(
            f"The recordings in {elsewhere.settings.recordings_urls[0]} can't be"
        )
        time.sleep(2.0)
        assert work_started(database) == [], "longer than a missing file is waited for"
        elsewhere.server.start()
        eventually(lambda: work_started(database), what="the call's going on", limit_s=30)
    (call,) = calls(database)
    assert (call.recordings_problem, [r.problem for r in call.recordings]) == (None, [None])


@pytest.mark.usefixtures("quick")
def test_missing_file_is_told_and_a_growing_one_waited_for(elsewhere: Elsewhere) -> None:
    settler = Settler(elsewhere.settings.model_copy(update={"recording_wait_s": 4.0}), pbx="pbx")
    whole = elsewhere.sound("other.wav", 3.0)
    elsewhere.put("1-t.wav", whole[:20_000])
    settler.start()
    settler.add(call_with(elsewhere.named("1-r.wav"), elsewhere.named("1-t.wav", Party.AGENT)))
    time.sleep(1.2)
    elsewhere.put("1-t.wav", whole)
    ((_, recordings),) = eventually(settler.settled, what="the recordings", limit_s=20)
    settler.close()
    told = {r.party: r.problem for r in recordings}
    assert told == {"customer": problems.text(problems.MISSING, file="1-r.wav", seconds="4"), "agent": None}
    (facts,) = [r.facts for r in recordings if r.party is Party.AGENT]
    assert facts is not None
    assert (facts.duration_s, facts.cut_off) == (3.0, False)


@pytest.mark.usefixtures("quick")
def test_connection_that_broke_is_made_again(elsewhere: Elsewhere) -> None:
    elsewhere.sound("1-r.wav")
    second = elsewhere.sound("2-r.wav", 2.0)
    places = storages(elsewhere.settings, own=True)
    assert locate(f"{elsewhere.pbx_folder}/1-r.wav", places) is not None
    elsewhere.server.stop()
    with pytest.raises(Away):
        locate(f"{elsewhere.pbx_folder}/2-r.wav", places)
    elsewhere.server.start()
    found = locate(f"{elsewhere.pbx_folder}/2-r.wav", places)
    assert found is not None
    assert found.place.at_hand(found.kept).read_bytes() == second


@pytest.mark.usefixtures("quick")
def test_file_that_is_another_one_than_was_recorded_is_refused(elsewhere: Elsewhere) -> None:
    known = hashlib.sha256(elsewhere.sound("1-r.wav")).hexdigest()
    elsewhere.sound("1-r.wav", 2.0)
    kept = f"{elsewhere.settings.recordings_urls[0]}/1-r.wav"
    with pytest.raises(OSError, match="not the file that was recorded"):
        at_hand(storages(elsewhere.settings), kept, sha256=known)
    with pytest.raises(PermissionError):
        at_hand(storages(elsewhere.settings), f"{elsewhere.settings.recordings_urls[0]}/../../etc/passwd")


@pytest.mark.usefixtures("quick")
def test_copies_are_bounded_and_the_oldest_go_first(elsewhere: Elsewhere) -> None:
    settings = elsewhere.settings.model_copy(update={"fetched_most_mb": 1})
    for number in range(4):
        elsewhere.sound(f"{number}.wav", 25.0)  # 400 kB
        (place,) = [place for place in storages(settings) if isinstance(place, Remote)]
        copy = place.at_hand(f"{settings.recordings_urls[0]}/{number}.wav")
        os.utime(copy, (time.time() + number - 10,) * 2)
    kept = list(settings.fetched_dir.iterdir())
    assert copy in kept
    assert sum(path.stat().st_size for path in kept) <= 1_000_000


@pytest.mark.usefixtures("quick")
def test_doctor_says_whether_the_place_can_be_reached(elsewhere: Elsewhere) -> None:
    elsewhere.sound("1-r.wav")
    url = elsewhere.settings.recordings_urls[0]
    told = [(one.state, one.text) for one in pbx.recordings(elsewhere.settings) if "://" in one.text]
    assert told == [("ok", f"{url} can be reached")]
    elsewhere.server.stop()
    (away,) = [one for one in pbx.recordings(elsewhere.settings) if "://" in one.text]
    assert (away.state, away.text.startswith(f"The recordings in {url} can't be reached")) == ("fault", True)


def fault(place: Remote) -> str:
    with pytest.raises(Away) as told:
        place.check()
    return str(told.value)


@pytest.mark.usefixtures("quick")
def test_wrong_host_key_or_log_in_is_refused_in_words(settings: Settings, tmp_path: Path) -> None:
    try:
        server = SftpServer()
    except PeerMissing as peer:
        missing(peer)
    with server:
        url = server.url(tmp_path)
        right = settings.model_copy(update={"sftp_key_file": server.key_file, "sftp_known_hosts": server.known_hosts})
        Remote(url, right).check()
        assert "it is not there" in fault(Remote(f"{url}/gone", right))
        server.trust("user_key")
        assert "its host key is another one than is known" in fault(Remote(url, right))
        server.known_hosts.write_text("")
        assert "its host key is not known" in fault(Remote(url, right))
        server.trust()
        stranger = tmp_path / "stranger"
        shutil.copy(server._dir / "host_key", stranger)
        assert "the log-in was refused" in fault(Remote(url, right.model_copy(update={"sftp_key_file": stranger})))


@pytest.mark.usefixtures("quick")
def test_wrong_s3_key_or_bucket_is_refused_in_words_without_the_secret(settings: Settings) -> None:
    try:
        server = S3Server("bucket")
    except PeerMissing as peer:
        missing(peer)
    with server:
        right = settings.model_copy(
            update={"s3_endpoint": server.endpoint, "s3_access_key": server.access_key, "s3_secret_key": SecretStr(server.secret_key)}
        )  # fmt: skip
        Remote("s3://bucket", right).check()
        assert "it is not there" in fault(Remote("s3://nobucket", right))
        wrong = right.model_copy(update={"s3_access_key": "nobody", "s3_secret_key": SecretStr("not-the-secret")})
        told = fault(Remote("s3://bucket", wrong))
        assert "The recordings in s3://bucket can't be reached (access is refused)" in told
        assert "not-the-secret" not in told


@pytest.mark.parametrize("url", ["ftp://host/x", "sftp://user:secret@host/x", "sftp:///x", "monitor"])
def test_address_that_is_none_of_ours_or_holds_a_password_is_refused_without_repeating_it(
    settings: Settings, url: str
) -> None:
    with pytest.raises(SettingsError) as told:
        Remote(url, settings)
    assert "secret@" not in str(told.value)


def test_address_among_the_folders_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AVASANJ_RECORDINGS_DIR", "sftp://user@host/var/spool/asterisk/monitor")
    with pytest.raises(SettingsError, match="AVASANJ_RECORDINGS_URLS"):
        load_settings(data_dir=tmp_path)
