"""A sample call's script: who calls whom, and what each says. One YAML file per call in scripts/."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from voices import MANNERS, Person

PARTIES = ("agent", "customer", "hold", "silence")


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One turn. `say` is how it is pronounced where that differs from `text`; pauses and overlaps in seconds."""

    party: str
    text: str = ""
    say: str = ""
    pause_before_s: float | None = None  #: None: a usual pause, drawn per call
    overlap_s: float = 0.0  #: starts this long before the other party has finished
    effect: str = "plain"
    duration_s: float = 0.0  #: of a hold or a silence


@dataclass(frozen=True, kw_only=True)
class CallScript:
    """A whole call. `caller` and `called` are as a trunk would show them; `started_at` carries its UTC offset."""

    id: str
    language: str
    title: dict[str, str]
    direction: str
    queue: str
    agent_name: str
    agent_interface: str
    agent_voice: Person
    customer_name: str
    customer_voice: Person
    customer_noise_db: float
    caller: str
    called: str
    started_at: datetime
    expect: dict[str, Any]
    turns: tuple[Turn, ...]


def load_script(path: Path) -> CallScript:
    """Raises ValueError naming the file, and the turn by its number, when the script can't be spoken."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    agent, customer = data["agent"], data["customer"]
    if data["id"] != path.stem or data["language"] not in {"fa", "en"}:
        msg = f"{path}: id must be {path.stem!r} and language fa or en; found {data['id']!r}, {data['language']!r}."
        raise ValueError(msg)
    return CallScript(
        id=data["id"],
        language=data["language"],
        title=data["title"],
        direction=data["direction"],
        queue=data["queue"],
        agent_name=agent["name"],
        agent_interface=agent["interface"],
        agent_voice=Person(**agent["voice"]),
        customer_name=customer["name"],
        customer_voice=Person(**customer["voice"]),
        customer_noise_db=float(customer.get("noise_db", -57)),
        caller=data["caller"],
        called=data["called"],
        started_at=datetime.fromisoformat(data["started_at"]),
        expect=data["expect"],
        turns=tuple(_turn(entry, f"{path}, turn {n}") for n, entry in enumerate(data["turns"], start=1)),
    )


def _turn(entry: dict[str, Any], where: str) -> Turn:
    turn = Turn(**entry)
    if turn.party not in PARTIES or turn.effect not in MANNERS:
        msg = f"{where}: no party {turn.party!r} or no effect {turn.effect!r}. Use {PARTIES} and {tuple(MANNERS)}."
        raise ValueError(msg)
    speaks = turn.party in {"agent", "customer"}
    if speaks != bool(turn.text) or speaks == bool(turn.duration_s):
        msg = f"{where}: agent and customer turns need `text`, hold and silence need `duration_s`, and not both."
        raise ValueError(msg)
    return turn
