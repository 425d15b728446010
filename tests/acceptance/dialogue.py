"""The beginning of a sample call, as two files that two phones speak at the same time."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import soundfile

ROOT = Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dialogue:
    """Both parties' sound, and the words that each says."""

    agent: Path
    customer: Path
    length_s: float
    said: dict[str, str]

    def own_words(self, party: str) -> set[str]:
        """Words of at least five letters that only this party says."""
        other = "customer" if party == "agent" else "agent"
        return words(self.said[party]) - words(self.said[other])


def beginning(name: str, folder: Path, *, length_s: float) -> Dialogue:
    """Cut a sample call to its first seconds; a turn counts as said when it ends before the cut."""
    files = {}
    for party in ("agent", "customer"):
        sound, rate_hz = soundfile.read(ROOT / "samples" / "calls" / f"{name}-{party}.ogg", dtype="int16")
        files[party] = folder / f"{name}-{party}.wav"
        soundfile.write(files[party], sound[: int(length_s * rate_hz)], rate_hz, subtype="PCM_16")
    turns = json.loads((ROOT / "samples" / "references" / f"{name}.json").read_text())["turns"]
    heard = [turn for turn in turns if turn["end_s"] <= length_s]
    said = {party: " ".join(t["text"] for t in heard if t["party"] == party) for party in ("agent", "customer")}
    return Dialogue(agent=files["agent"], customer=files["customer"], length_s=length_s, said=said)


def words(text: str) -> set[str]:
    """Its words of at least five letters."""
    return set(re.findall(r"[a-z]{5,}", text.lower()))
