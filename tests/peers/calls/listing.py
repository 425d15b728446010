"""Writes tests/streams/README.md: which stream is what, in the words of the scenarios."""

from __future__ import annotations

from tests.peers.calls.stage import SCENARIOS
from tests.streams.expected import STREAMS

_TEXT = """\
# Recorded manager streams

What a real Asterisk said on its manager connection during known calls between SIP phones, byte for byte, from the banner on.
Only this machine's folders were replaced (`/var/spool/asterisk/monitor`). Numbers and names are invented.

## Every kind of call, on 22 and on 16

`22-NAME.txt.gz` and `16-NAME.txt.gz` are the streams, `22-NAME.json` and `16-NAME.json` what the phones did at which moment: that, and not what the
ledger said, is what must be told of them (`expected.py` compares). `…-all_at_once` has all of them side by side on one PBX.
In the scenario with number NN the phones are 1NN1, 1NN2 and 1NN3, the queues `qNNa` and `qNNb`, the customers 0215550NN0x (who call) and
0912333NN0x (who are called). The dialplan is `../peers/asterisk_conf/every_call.conf`, the scenarios are in `../peers/calls`. Record again with
`python -m tests.peers.calls.record 22 NAME` (or `all`, or `all_at_once`; the same with 16).

| name | what was done |
|---|---|
{every}

`…-killed_and_started_again` is a capture of two connections: a customer talks and another has just begun to wait when Asterisk is killed (kill -9);
after its restart the first one calls again. Record again with `python -m tests.peers.calls.killed 22` (or 16).

## Older ones, on 22

Agents: 1001 is Sara, in queues `support` and `shortq`; 1002 is Reza, in none. The customer is 02155501234, مینا رضایی.
The dialplan is `../peers/asterisk_conf/extensions.conf`. Record again with `python -m tests.peers.record NAME` (or `all`).

| file | what was done |
|---|---|
{older}
"""


def write_readme() -> None:
    """List the streams that lie in the folder."""
    from tests.peers.record import SCENARIOS as OLDER

    every = [
        f"| `{name}` | {scenario.what} |"
        for name, scenario in SCENARIOS.items()
        if (STREAMS / f"22-{name}.txt.gz").exists()
    ]
    older = [
        f"| `22-{name}.txt` | {(play.__doc__ or '').strip()} |"
        for name, play in OLDER.items()
        if (STREAMS / f"22-{name}.txt").exists()
    ]
    text = _TEXT.format(every="\n".join(every), older="\n".join(older))
    (STREAMS / "README.md").write_text(text, encoding="utf-8")
