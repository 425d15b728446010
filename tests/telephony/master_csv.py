"""Rows of Asterisk's Master.csv."""

from __future__ import annotations

import datetime as dt

UTC = dt.UTC


def line(
    start: float, end: float, linkedid: str, *, answer: float | None = None, zone: dt.tzinfo = UTC, **more: str
) -> str:
    """A row as Asterisk writes it with every column."""

    def clock(at: float | None) -> str:
        return "" if at is None else f"{dt.datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M:%S}"

    values = {
        "accountcode": "", "src": "02155501234", "dst": "800", "dcontext": "from-customer", "clid": '"" <02155501234>',
        "channel": "PJSIP/customer-00000009", "dstchannel": "PJSIP/1001-0000000a", "lastapp": "Queue",
        "lastdata": "support,tT", "start": clock(start), "answer": clock(answer), "end": clock(end),
        "duration": str(round(end - start)), "billsec": "0", "disposition": "ANSWERED" if answer else "NO ANSWER",
        "amaflags": "DOCUMENTATION", "uniqueid": linkedid, "userfield": "", "peeraccount": "", "linkedid": linkedid,
        "sequence": "1", **more,
    }  # fmt: skip
    return ",".join('"{}"'.format(value.replace('"', '""')) for value in values.values()) + "\n"
