"""What a call's times become when the PBX's clock is set in its midst."""

from __future__ import annotations

import dataclasses

from telephony.history import CallHistory


def shift(call: CallHistory, by_s: float) -> None:
    """Move everything seen so far by `by_s`: the PBX's clock was set."""
    parts: list[object] = [call, *call.visits, *call.dials, *call.spans, *call.holds, *call.mutes, *call.gaps]
    parts += [*call.transfers, *call.hangup_requests, *call.pbx_hangups, *call.queue_ends, *call.channels.values()]
    for part in parts:
        for name in (
            "started_at",
            "ended_at",
            "last_seen_at",
            "joined_at",
            "left_at",
            "begun_at",
            "created_at",
            "found_at",
            "sent_at",
            "queue_at",
            "moved_at",
            "at",
            "outsider_at",
            "unseen_at",
        ):
            if isinstance(value := getattr(part, name, None), float):
                setattr(part, name, max(0.0, value + by_s))
    for channel in call.channels.values():
        channel.bridged = [
            [None if edge is None else max(0.0, edge + by_s) for edge in stretch] for stretch in channel.bridged
        ]
    call.unexplained = {one: (max(0.0, a + by_s), max(0.0, b + by_s)) for one, (a, b) in call.unexplained.items()}
    call.unseen_holds = [(max(0.0, a + by_s), max(0.0, b + by_s)) for a, b in call.unseen_holds]
    call.moved_away = [(max(0.0, a + by_s), max(0.0, b + by_s)) for a, b in call.moved_away]
    call.notes = [note._replace(at=max(0.0, note.at + by_s)) for note in call.notes]
    call.monitors = [
        dataclasses.replace(
            monitor,
            started_at=max(0.0, monitor.started_at + by_s),
            ended_at=None if monitor.ended_at is None else max(0.0, monitor.ended_at + by_s),
        )
        for monitor in call.monitors
    ]
