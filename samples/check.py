"""Listens to the sample calls by numbers: levels and, for English, what Whisper understands of them.

    python samples/check.py                                   # levels and silence of every leg
    python samples/check.py --model MODELS/whisper-base       # and word error rate of the English calls

Exits with 1 when a leg clips, is not silent while its party is, differs in length from its partner, or has a
word error rate above 15 %.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

HERE = Path(__file__).resolve().parent
RATE_HZ = 16_000  # what Whisper hears
WORST_WER = 0.15
FILLERS = {"um", "uh", "oh", "ah", "hmm", "mm", "hm", "ok", "okay", "er"}
SAME_WORD = {"mr": "mister", "mrs": "missis", "missus": "missis", "cancelling": "canceling", "email": "e mail"}
UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
NUMBERS = {word: str(value) for value, word in enumerate(UNITS)} | {word: str(value) for word, value in TENS.items()}
NUMBERS |= {"hundred": "100", "first": "1", "second": "2"}
TENS_AND_UNIT = re.compile(rf"({'|'.join(TENS)})[- ]({'|'.join(UNITS[1:10])})")


def decode(path: Path) -> npt.NDArray[np.float32]:
    """A leg as (n,) float32 samples at 16 kHz."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "f32le", "-ac", "1", "-ar", str(RATE_HZ), "-"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, dtype="<f4")


def level_db(sound: npt.NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-12)) if sound.size else -120.0


def check_levels(name: str, party: str, turns: list[dict[str, Any]]) -> list[str]:
    """Prints one line for the leg and returns what is wrong with it."""
    sound = decode(HERE / f"calls/{name}-{party}.ogg")
    speaking = np.zeros(sound.size, dtype=bool)
    for turn in turns:
        if turn["party"] == party:
            # 50 ms of grace on each side for the codec's delay
            speaking[round((turn["start_s"] - 0.05) * RATE_HZ) : round((turn["end_s"] + 0.05) * RATE_HZ)] = True
    peak, talk_db, rest_db = float(np.abs(sound).max()), level_db(sound[speaking]), level_db(sound[~speaking])
    length_s = sound.size / RATE_HZ
    sys.stdout.write(
        f"{name:22} {party:8} {length_s:6.1f} s  peak {peak:.2f}  speech {talk_db:6.1f} dB  rest {rest_db:6.1f} dB\n"
    )
    # Music on hold lifts the rest of an agent's leg.
    quiet_db = -30.0 if party == "agent" else -45.0
    problems = [f"peak {peak:.3f} clips"] if peak > 0.99 else []
    if rest_db > quiet_db or talk_db < -32:
        problems.append(f"speech is at {talk_db:.1f} dB and the rest at {rest_db:.1f} dB")
    return [f"{name}-{party}: {problem}" for problem in problems]


def words_of(text: str) -> list[str]:
    """Words to compare: lower case, no fillers, digits one by one, numbers as digits."""
    text = re.sub(r"[’']", "", text.lower())
    text = TENS_AND_UNIT.sub(lambda match: str(TENS[match[1]] + UNITS.index(match[2])), text)
    text = re.sub(r"\$(\d+)", r"\1 dollars", text)
    found = [SAME_WORD.get(word, word) for word in re.findall(r"[a-z]+|\d", re.sub(r"(?<=\d)(st|nd|th)\b", "", text))]
    spelled = [NUMBERS.get(word, word) for word in " ".join(found).split()]
    return [piece for word in spelled if word not in FILLERS for piece in (list(word) if word.isdigit() else [word])]


def word_errors(reference: list[str], heard: list[str]) -> int:
    """Levenshtein distance in words."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(reference, start=1):
        previous, row[0] = row[0], i
        for j, other in enumerate(heard, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (word != other))
    return row[-1]


def check_words(name: str, party: str, turns: list[dict[str, Any]], model: Any) -> list[str]:
    """Prints the leg's word error rate and what was heard, and returns what is wrong with it."""
    sound = decode(HERE / f"calls/{name}-{party}.ogg")
    segments, _ = model.transcribe(sound, language="en", beam_size=5, vad_filter=True)
    heard_text = " ".join(segment.text.strip() for segment in segments)
    reference = words_of(" ".join(turn["text"] for turn in turns if turn["party"] == party))
    rate = word_errors(reference, words_of(heard_text)) / len(reference)
    sys.stdout.write(f"{name:22} {party:8} WER {rate:6.1%}  {heard_text}\n")
    return [f"{name}-{party}: word error rate {rate:.1%}"] if rate > WORST_WER else []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="folder of a faster-whisper model")
    parser.add_argument("--only", nargs="+", metavar="ID", default=[], help="check these calls only")
    arguments = parser.parse_args()
    model = None
    if arguments.model:
        from faster_whisper import WhisperModel

        model = WhisperModel(str(arguments.model), device="cpu", compute_type="int8", cpu_threads=2)
    problems: list[str] = []
    for path in sorted((HERE / "references").glob("*.json")):
        if arguments.only and path.stem not in arguments.only:
            continue
        reference = json.loads(path.read_text(encoding="utf-8"))
        for party in ("agent", "customer"):
            problems += check_levels(path.stem, party, reference["turns"])
            if model and reference["language"] == "en":
                problems += check_words(path.stem, party, reference["turns"], model)
        sizes = {decode(HERE / f"calls/{path.stem}-{party}.ogg").size for party in ("agent", "customer")}
        problems += [f"{path.stem}: legs of different length"] if len(sizes) > 1 else []
    sys.stdout.write("\n".join(problems) + "\n" if problems else "All legs are sound.\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
