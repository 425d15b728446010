"""What is wrong with a model or a device is said in both languages, with what to do."""

import pytest

from avasanj.errors import LastingError
from transcription import problems

VALUES = {
    "folder": "/models/x", "file": "model.bin", "fault": "is cut off", "model": "large-v3", "needed": "3100", "free": "900",
    "device": "cuda:0", "count": "1", "type": "float16", "types": "int8, float32",
}  # fmt: skip


@pytest.mark.parametrize("text", problems._ALL)
def test_each_is_said_in_persian_with_its_values(text: str) -> None:
    stored = str(LastingError(text, **VALUES))
    assert problems.in_language(stored, "en") == stored
    persian = problems.in_language(stored, "fa")
    assert persian != stored
    assert "مدل" in persian or "کارت" in persian or "AVASANJ_SPEECH_COMPUTE_TYPE" in persian
    assert all(value in persian for name, value in VALUES.items() if f"%({name})s" in text)


def test_another_sentence_stays_as_it_is() -> None:
    assert problems.in_language("Something else.", "fa") == "Something else."
