"""Bad and odd recordings put through the real pipeline: each call is on the dashboard with a sentence, and the others go on."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import json
import os
import subprocess
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.center import Center
from tests.acceptance.dialogue import Dialogue, beginning
from tests.peers import program
from tests.pipeline.product import wait_until

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(420), pytest.mark.xdist_group("bad-recordings")]

COLUMNS = [
    "file",
    "agent_file",
    "customer_file",
    "agent_channel",
    "started_at",
    "caller",
    "agent",
    "queue",
    "transcript",
]
START = datetime.datetime(2026, 11, 20, 9, 0, tzinfo=datetime.UTC)
HOUR_S = 3600
TEN_WAYS = [
    "09120000042",
    "۰۹۱۲۰۰۰۰۰۴۲",
    "٠٩١٢٠٠٠٠٠٤٢",
    "+989120000042",
    "00989120000042",
    "989120000042",
    "9120000042",
    "0912 000 0042",
    "0912-000-0042",
    "(0912) 0000042",
]
#: Formats in which PBXs and archives keep calls: ffmpeg's arguments and the file's ending.
FORMATS = {
    "a-law": (["-ac", "1", "-ar", "8000", "-c:a", "pcm_alaw"], "wav"),
    "gsm": (["-ac", "1", "-ar", "8000", "-c:a", "libgsm_ms"], "wav"),
    "mp3": (["-ac", "1", "-ar", "16000", "-b:a", "32k"], "mp3"),
    "flac": (["-ac", "1", "-ar", "44100"], "flac"),
    "opus": (["-ac", "1", "-c:a", "libopus", "-b:a", "24k"], "ogg"),
    "headerless": (["-ac", "1", "-ar", "8000", "-f", "alaw"], "alaw"),
}


class Archive:
    """A folder with calls.csv, filled case by case. The agent's name is the case's name, by which a call is found again."""

    def __init__(self, folder: Path, spoken: Dialogue) -> None:
        self.folder = folder
        self.spoken = spoken
        folder.mkdir()
        self.rows: list[dict[str, str]] = []

    def add(self, case: str, *, caller: str = "09120000001", **files: str) -> None:
        number = len(self.rows)
        started = START + datetime.timedelta(minutes=number)
        row = {"started_at": started.isoformat(), "caller": caller, "agent": case, "queue": "support", **files}
        self.rows.append(row)

    def tone(self, name: str, length_s: float = 4.0) -> str:
        """A file whose sound no other has, so that each call is another."""
        pitch_hz = 200 + 7 * len(list(self.folder.iterdir()))
        self._ffmpeg("-f", "lavfi", "-i", f"sine=frequency={pitch_hz}:sample_rate=8000:duration={length_s}", name)
        return name

    def converted(self, source: Path, name: str, *arguments: str) -> str:
        self._ffmpeg("-i", str(source), *arguments, name)
        return name

    def transcript(self, name: str) -> str:
        turns = [
            {"party": "agent", "start_s": 0.2, "end_s": 1.5, "text": "Support, good morning."},
            {"party": "customer", "start_s": 1.6, "end_s": 3.5, "text": "Thank you, all is well again."},
        ]
        content = {"language": "en", "source": "test", "turns": turns}
        (self.folder / name).write_text(json.dumps(content))
        return name

    def pair(self, case: str, *, caller: str = "09120000001", lengths_s: tuple[float, float] = (4.0, 4.0)) -> None:
        """A good call with a transcript made elsewhere."""
        slug = f"{len(self.rows):02d}"
        self.add(
            case,
            caller=caller,
            agent_file=self.tone(f"{slug}-agent.wav", lengths_s[0]),
            customer_file=self.tone(f"{slug}-customer.wav", lengths_s[1]),
            transcript=self.transcript(f"{slug}.json"),
        )

    def write(self) -> None:
        with (self.folder / "calls.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows)

    def line_of(self, case: str) -> int:
        """The CSV's line that tells a case; the first line names the columns."""
        return 2 + [row["agent"] for row in self.rows].index(case)

    def _ffmpeg(self, *arguments: str) -> None:
        command = [program("ffmpeg", package="ffmpeg"), "-v", "error", "-y", *arguments]
        subprocess.run(command, cwd=self.folder, check=True, timeout=60)


def header_only(path: Path) -> None:
    """What Asterisk leaves where nobody spoke: a WAV header of 44 bytes."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
    assert path.stat().st_size == 44


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path.unlink(), "is not at"),
    "empty": (header_only, "holds no sound"),
    "not audio": (lambda path: path.write_bytes(os.urandom(4000)), "is not audio"),
}
#: What happens to an agent's file after it was taken in, and a word of the sentence that then stands on the call's page.
BROKEN_LATER: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone later": (lambda path: path.unlink(), "agent.wav"),
    "emptied later": (header_only, "no sound"),
    "garbage later": (lambda path: path.write_bytes(os.urandom(4000)), "agent.wav"),
    "cut off later": (lambda path: os.truncate(path, 30_000), "breaks off"),
}


def fill(archive: Archive) -> None:
    for case, (damage, _sentence) in REFUSED.items():
        archive.pair(case)
        damage(archive.folder / archive.rows[-1]["agent_file"])
    for case in BROKEN_LATER:
        archive.pair(case)
        archive.rows[-1]["transcript"] = ""
    for case, (arguments, ending) in FORMATS.items():
        legs = {
            f"{party}_file": archive.converted(source, f"{case}-{party}.{ending}", *arguments)
            for party, source in (("agent", archive.spoken.agent), ("customer", archive.spoken.customer))
        }
        archive.add(case, **legs)
    both = ["-filter_complex", "join=inputs=2:channel_layout=stereo", "-ar", "44100"]
    agent, customer = archive.spoken.agent, archive.spoken.customer
    archive.add("stereo", file=archive.converted(customer, "right.wav", "-i", str(agent), *both))
    archive.add(
        "agent left", file=archive.converted(agent, "left.wav", "-i", str(customer), *both), agent_channel="left"
    )
    archive.pair("unequal legs", lengths_s=(3.0, 9.0))
    archive.pair("no number", caller="")
    archive.pair("hidden number", caller="anonymous")
    archive.pair("Persian name", caller='"علي‌رضا كريمي" <09120000077>')
    for number, written in enumerate(TEN_WAYS):
        archive.pair(f"way {number}", caller=written)
    silence(archive.folder / "hour-agent.wav", 0)
    silence(archive.folder / "hour-customer.wav", 1)
    archive.add("hour of silence", agent_file="hour-agent.wav", customer_file="hour-customer.wav")


def silence(path: Path, dither: int) -> None:
    """An hour of it, `dither` as the value of every sample."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        second = dither.to_bytes(2, "little") * 8000
        for _ in range(HOUR_S):
            file.writeframesraw(second)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of the archive: the import's word, and each call as the dashboard tells it."""

    archive: Archive
    imported: dict[str, Any]
    calls: dict[str, dict[str, Any]]
    pages: dict[str, str]


@pytest.fixture(scope="module")
def outcome(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    spoken = beginning("en-wrong-number", tmp_path_factory.mktemp("spoken"), length_s=9.0)
    with Center(models_dir, language="en") as product:
        archive = Archive(product.folder / "archive", spoken)
        fill(archive)
        archive.write()
        product.postgres.start()
        imported = product.run("import", str(archive.folder), "--json")
        assert imported.returncode == 1, "bad rows are a problem found"
        ledger = {call["agents"][0]: call for call in product.calls()}
        for case, (damage, _sentence) in BROKEN_LATER.items():
            damage(product.data / "archive" / str(ledger[case]["id"]) / "agent.wav")
        product.serve()
        wait_until(lambda: product.unfinished() == 0, 300, "all calls are worked on", every_s=1)
        with product.administrator() as client:
            calls = {case: client.get(f"/api/calls/{call['id']}").json() for case, call in ledger.items()}
            pages = {case: client.get(f"/calls/{call['id']}").text for case, call in ledger.items()}
        yield Outcome(archive=archive, imported=json.loads(imported.stdout), calls=calls, pages=pages)
        print(product.said()[-6000:])


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_used_is_named_by_its_line_and_the_rest_is_taken_in(outcome: Outcome, case: str) -> None:
    place = f"calls.csv, line {outcome.archive.line_of(case)}:"
    (problem,) = [problem for problem in outcome.imported["problems"] if problem.startswith(place)]
    assert REFUSED[case][1] in problem
    assert outcome.archive.rows[outcome.archive.line_of(case) - 2]["agent_file"] in problem
    assert len(outcome.imported["problems"]) == len(REFUSED)
    assert outcome.imported["imported"] == len(outcome.archive.rows) - len(REFUSED)


@pytest.mark.parametrize("case", BROKEN_LATER)
def test_a_recording_that_breaks_before_its_turn_is_told_on_the_calls_page(outcome: Outcome, case: str) -> None:
    call, page = outcome.calls[case], outcome.pages[case]
    assert call["stage"] is None, "the call is done, not stuck"
    assert any(BROKEN_LATER[case][1] in problem for problem in call["problems"]), call["problems"]
    assert "Traceback" not in page
    assert call["problems"][0] in page.replace("&#39;", "'").replace("&#34;", '"')
    assert call["duration_s"] == pytest.approx(4.0, abs=0.2), "the other leg can be listened to"


@pytest.mark.parametrize("case", [*FORMATS, "stereo", "agent left"])
def test_every_format_is_heard_with_the_parties_apart(outcome: Outcome, case: str) -> None:
    call = outcome.calls[case]
    assert call["problems"] == []
    assert call["duration_s"] == pytest.approx(9.0, abs=0.3)
    said = {
        party: " ".join(t["text"] for t in call["transcript"]["turns"] if t["party"] == party)
        for party in ("agent", "customer")
    }
    assert "lantern internet" in said["agent"].lower()
    assert "pharmacy" in said["customer"].lower()
    assert "pharmacy" not in said["agent"].lower()


def test_legs_of_different_length_play_to_the_longer_ones_end(outcome: Outcome) -> None:
    call = outcome.calls["unequal legs"]
    assert call["duration_s"] == pytest.approx(9.0, abs=0.2)
    assert call["evaluations"]


def test_an_hour_of_silence_is_worked_through_and_says_that_nothing_was_heard(outcome: Outcome) -> None:
    call = outcome.calls["hour of silence"]
    assert call["duration_s"] == pytest.approx(HOUR_S, abs=1)
    assert call["transcript"]["turns"] == []
    assert call["mood"]["dissatisfied"] is None
    assert call["evaluations"] == [] or call["evaluations"][0]["score"] is None
    assert "Nothing was said that could be heard." in outcome.pages["hour of silence"]


@pytest.mark.parametrize("case", ["no number", "hidden number"])
def test_a_call_without_a_number_is_scored_without_a_customer(outcome: Outcome, case: str) -> None:
    call = outcome.calls[case]
    assert call["customer_e164"] is None
    assert call["customer"] is None
    assert call["evaluations"]
    assert "No number" in outcome.pages[case]


def test_a_persian_caller_name_becomes_the_customers_name(outcome: Outcome) -> None:
    call = outcome.calls["Persian name"]
    assert call["customer_e164"] == "+989120000077"
    assert call["customer"]["name"] in outcome.pages["Persian name"]
    assert "ریمی" in call["customer"]["name"].replace("ي", "ی").replace("ك", "ک")


def test_ten_ways_to_write_a_number_are_one_customer(outcome: Outcome) -> None:
    ways = [outcome.calls[f"way {number}"] for number in range(len(TEN_WAYS))]
    assert {call["customer_e164"] for call in ways} == {"+989120000042"}
    assert len({call["customer"]["id"] for call in ways}) == 1
    assert "0912 000 0042" in outcome.pages["way 3"]
