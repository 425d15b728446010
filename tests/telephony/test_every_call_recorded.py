"""Every kind of call, recorded from Asterisk 22 and 16, told by its events as the phones did it. Needs no Asterisk."""

from __future__ import annotations

import gzip

import pytest

from tests.streams import expected
from tests.telephony.every_call import ledger_of

RECORDED = sorted(path.stem for path in expected.STREAMS.glob("*.json"))


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_call_is_told_as_the_phones_did_it(name: str) -> None:
    """`…-all_at_once` holds all of them side by side: there each must be told as if it were alone."""
    stream = gzip.decompress((expected.STREAMS / f"{name}.txt.gz").read_bytes())
    told = ledger_of(stream)
    wanted = expected.load(expected.STREAMS / f"{name}.json")
    found = {scenario: expected.differences(told, done) for scenario, done in wanted.items()}
    assert {scenario: lines for scenario, lines in found.items() if lines} == {}


def test_both_versions_are_recorded() -> None:
    names = {version: {name[3:] for name in RECORDED if name.startswith(version)} for version in ("16", "22")}
    assert names["16"] == names["22"]
    assert len(names["22"]) >= 40
