"""The encrypted manager connection: nobody but the right Asterisk is told our secret, and what is wrong is said with its remedy."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from avasanj.database import Database
from avasanj.doctor import State
from avasanj.doctor import pbx as doctor
from avasanj.settings import Settings
from telephony.ami import ManagerConnection, Received, UnsafeAction
from telephony.tables import CallState
from tests.peers import PeerMissing, certificates
from tests.peers.asterisk import QUEUE_SUPPORT, Asterisk
from tests.peers.fixtures import missing
from tests.peers.phones import SipCaller
from tests.telephony.conftest import OWN_STREAMS
from tests.telephony.following import calls, eventually, following, pbx_state
from tests.telephony.small_pbx import SmallPbx

ANSWERED = (OWN_STREAMS / "22-answered_agent_hangup.txt").read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pbx.pem and pbx.key for localhost and 127.0.0.1, signed by ca.pem."""
    folder = tmp_path_factory.mktemp("tls")
    certificates.make(folder, folder / "ca.pem")
    return folder


def server(folder: Path, name: str = "pbx") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


def over_tls(settings: Settings, pbx: SmallPbx, **more: object) -> Settings:
    update = {
        "ami_host": pbx.host, "ami_port": pbx.port, "ami_secret": SecretStr("right"), "ami_tls": True,
        "recording_wait_s": 1.0, **more,
    }  # fmt: skip
    return settings.model_copy(update=update)


def test_call_is_followed_over_tls(folder: Path, settings: Settings, database: Database) -> None:
    with (
        SmallPbx(tls=server(folder)) as pbx,
        following(over_tls(settings, pbx, ami_ca_file=folder / "ca.pem"), database),
    ):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        pbx.say(ANSWERED)
        (call,) = eventually(lambda: [c for c in calls(database) if c.state == CallState.ENDED], what="the call")
        pbx.silent.set()
        eventually(lambda: "no answer for" in pbx_state(database)[1], what="the silence to be noticed")
        pbx.silent.clear()
        eventually(lambda: pbx_state(database)[0] == "connected", what="the next connection")
    assert call.disposition == "answered"


def test_ten_megabytes_come_whole_while_actions_go_the_other_way(
    folder: Path, settings: Settings, database: Database
) -> None:
    filler = b"Event: DeviceStateChange\r\nDevice: PJSIP/1001\r\nState: INUSE\r\n\r\n" * 3000
    with (
        SmallPbx(tls=server(folder)) as pbx,
        following(over_tls(settings, pbx, ami_ca_file=folder / "ca.pem"), database),
    ):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        for _ in range(50):
            pbx.say(filler)
        pbx.say(ANSWERED)
        eventually(lambda: [c for c in calls(database) if c.state == CallState.ENDED], what="the call", limit_s=30)
    assert sum(action["Action"] == "Login" for action in pbx.actions) == 1


def expired(folder: Path) -> None:
    """A self-signed certificate that ended yesterday, as its own authority too."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=9))
        .not_valid_after(now - dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "old.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "old.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))


@pytest.mark.parametrize(
    ("changes", "certificate", "says"),
    [
        (lambda _f: {}, "pbx", "AVASANJ_AMI_CA_FILE"),
        (lambda f: {"ami_ca_file": f / "ca.pem", "ami_tls_name": "pbx.example"}, "pbx", "not for pbx.example"),
        (lambda f: {"ami_ca_file": f / "old.pem", "ami_tls_name": "localhost"}, "old", "can't be used today"),
        (lambda f: {"ami_ca_file": f / "missing.pem"}, "pbx", "missing.pem can't be read"),
    ],
    ids=["unknown authority", "another name", "expired", "no such file"],
)
def test_wrong_certificate_ends_it_before_the_secret_is_said(
    folder: Path,
    settings: Settings,
    database: Database,
    changes: Callable[[Path], dict[str, object]],
    certificate: str,
    says: str,
) -> None:
    if certificate == "old":
        expired(folder)
    with SmallPbx(tls=server(folder, certificate)) as pbx:
        settings = over_tls(settings, pbx, **changes(folder))
        with following(settings, database):
            detail = eventually(lambda: pbx_state(database)[1], what="a detail")
        assert says in detail
        assert says in "".join(f"{found.text} {found.mend}" for found in doctor.connection(settings))
        assert not pbx.actions


def test_tls_to_a_port_that_does_not_speak_it_names_the_right_one(settings: Settings, database: Database) -> None:
    with SmallPbx() as pbx:
        (found,) = doctor.connection(over_tls(settings, pbx))
    assert found.state is State.FAULT
    assert "does not speak TLS" in found.text
    assert "5039" in (found.mend or "")


def test_port_is_5039_with_tls_unless_it_is_set(settings: Settings) -> None:
    def port(**given: object) -> int:
        return Settings.model_validate({"data_dir": "/tmp", "ami_host": "pbx.example", **given}).ami_port

    assert (port(), port(ami_tls="on"), port(ami_tls="on", ami_port=5038)) == (5038, 5039, 5038)


@pytest.mark.realtime
@pytest.mark.slow
@pytest.mark.parametrize("tls", [True, False], ids=["TLS", "plain"])
def test_real_asterisk_gives_odd_characters_back_whole(tls: bool) -> None:
    odd = "رضا\u200cی\u2028دوم\u0085سوم\x0bچهارم"
    try:
        pbx = Asterisk(tls=True)
    except PeerMissing as peer:
        missing(peer)
    with pbx:
        port = pbx.ami_tls_port if tls else pbx.ami_port
        connection = ManagerConnection("127.0.0.1", port, tls=tls, ca_file=pbx.ami_ca_path)
        connection.connect()
        connection.request("Login", {"Username": pbx.ami_user, "Secret": pbx.ami_secret, "Events": "user"})
        with pytest.raises(UnsafeAction):
            connection.post("UserEvent", {"UserEvent": "Odd", "Value": "x\r\nAction: Logoff"})
        for _ in range(50):
            connection.post("UserEvent", {"UserEvent": "Odd", "Value": odd})
        values: list[str] = []
        while len(values) < 50 and (taken := connection.inbox.take(5)):
            for item in taken:
                assert isinstance(item, Received), "the connection ended"
                values += [message.get("Value") for message in item.messages if message.name == "UserEvent"]
        connection.disconnect()
    assert values == [odd] * 50


@pytest.mark.realtime
@pytest.mark.slow
def test_real_asterisk_is_followed_over_tls(settings: Settings, database: Database) -> None:
    try:
        asterisk = Asterisk(tls=True)
    except PeerMissing as peer:
        missing(peer)
    with asterisk as pbx:
        there = settings.model_copy(
            update={
                "ami_host": "localhost", "ami_port": pbx.ami_tls_port, "ami_user": pbx.ami_user, "ami_tls": True,
                "ami_secret": SecretStr(pbx.ami_secret), "ami_ca_file": pbx.ami_ca_path, "recording_wait_s": 1.0,
            }
        )  # fmt: skip
        (found,) = doctor.connection(there)
        assert "encrypted" in found.text
        with following(there, database):
            eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
            with SipCaller(pbx, QUEUE_SUPPORT, hang_up_after_s=2.0) as caller:
                caller.wait(30)
            (call,) = eventually(lambda: [c for c in calls(database) if c.state == CallState.ENDED], what="the call")
    assert (call.disposition, call.complete) == ("abandoned", True)
