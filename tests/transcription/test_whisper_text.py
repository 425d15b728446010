"""What a Whisper model is told before it writes."""

from pathlib import Path

import pytest

from transcription.hot_words import MOST_PIECES
from transcription.whisper_text import WhisperText


@pytest.fixture(scope="module")
def text(models_dir: Path) -> WhisperText:
    return WhisperText(models_dir / "whisper-base")


def test_a_prompt_without_hot_words_names_the_language_alone(text: WhisperText) -> None:
    start = text.prompt("fa")
    assert text.tokenizer("fa").tokenizer.decode(start, skip_special_tokens=False) == (
        "<|startoftranscript|><|fa|><|transcribe|><|notimestamps|>"
    )


def test_hot_words_come_first_as_a_sentence_of_their_own(text: WhisperText) -> None:
    start = text.prompt("fa", ("فانوس", " Lantern "))
    told = text.tokenizer("fa").tokenizer.decode(start, skip_special_tokens=False)
    assert told == "<|startofprev|> فانوس, Lantern.<|startoftranscript|><|fa|><|transcribe|><|notimestamps|>"


def test_more_hot_words_than_a_prompt_holds_are_left_out_from_the_last(text: WhisperText) -> None:
    names = [f"Quorvix{i}" for i in range(100)]
    start = text.prompt("en", names)
    assert len(start) <= MOST_PIECES + 5
    told = text.tokenizer("en").decode(list(start))
    assert "Quorvix0," in told
    assert "Quorvix99" not in told
    assert told.endswith(".")
