"""What the tests of the ledger stand on: both versions, encrypted manager, call records on file, many calls at once."""

from __future__ import annotations

import csv
import socket
import ssl
import time

import pytest

from tests.peers import PeerMissing, load
from tests.peers.ami_tap import AmiTap
from tests.peers.asterisk import AgentLine, Asterisk
from tests.peers.calls.run import heard
from tests.peers.fixtures import missing
from tests.peers.sip import Exchange

pytestmark = pytest.mark.realtime
VERSIONS = (22, 16)
PHONE = AgentLine(number="1001", name="Sara", context="from-internal")


def asterisk(version: int, *, tls: bool = False) -> Asterisk:
    try:
        return Asterisk(version=version, agents=[PHONE], tls=tls)
    except PeerMissing as peer:
        missing(peer)


@pytest.mark.parametrize("version", VERSIONS)
def test_manager_is_encrypted_with_a_certificate_of_its_authority(version: int) -> None:
    with asterisk(version, tls=True) as pbx:
        trusting = ssl.create_default_context(cafile=pbx.ami_ca_path)
        plain = socket.create_connection(("127.0.0.1", pbx.ami_tls_port), timeout=5)
        with trusting.wrap_socket(plain, server_hostname="127.0.0.1") as manager:
            assert manager.recv(100).startswith(b"Asterisk Call Manager")
        plain = socket.create_connection(("127.0.0.1", pbx.ami_tls_port), timeout=5)
        with plain, pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(plain, server_hostname="127.0.0.1")


@pytest.mark.parametrize("version", VERSIONS)
def test_call_records_on_file_name_the_linked_call(version: int) -> None:
    with asterisk(version) as pbx, AmiTap(pbx) as tap, Exchange(pbx) as exchange:
        agent, customer = exchange.phone("1001"), exchange.phone("02155501234", outside=True)
        call = customer.dial("1001")
        line = agent.next_call()
        line.answer()
        call.wait_answered()
        time.sleep(0.5)
        call.hang_up()
        line.wait_ended()
        tap.wait_quiet(quiet_s=0.5)
        linked_id = tap.event("Newchannel")["Linkedid"]
        with pbx.cdr_csv_path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    assert [(row[1], row[2]) for row in rows] == [("02155501234", "1001")]
    assert rows[0].count(linked_id) == 2  # as the call's own id and as the linked one


@pytest.mark.parametrize("version", VERSIONS)
def test_load_records_both_parties_of_every_call(version: int) -> None:
    try:
        ready = load.ready(count=6, version=version)
        with ready as pbx, AmiTap(pbx) as tap:
            done = load.hundred_calls(pbx, count=6, talk_s=4, calls_per_s=6)
            tap.wait_quiet(quiet_s=0.5)
            voices = [heard(path) for path in pbx.recordings_dir.glob("*-[rt].wav")]
            connected = {message["Interface"] for message in tap.messages if message.get("Event") == "AgentConnect"}
    except PeerMissing as peer:
        missing(peer)
    assert connected == set(done.agents)
    assert len(voices) == done.recordings == 12
    assert all(length_s > 3 for length_s, _ in voices)
    assert sorted(round(pitch_hz, -1) for _, pitch_hz in voices) == [load.CUSTOMER_HZ] * 6 + [load.AGENT_HZ] * 6
