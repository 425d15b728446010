"""A language model behind a real HTTP server: what it says is believed only with words from the call, and nothing hangs on it."""

import contextlib
import http.server
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from avasanj.errors import PassingError
from scoring import asking
from scoring.asking import ask_all
from scoring.language_model import LanguageModel, of
from scoring.questions import Setting, answer_all
from scoring.rules import Stretch
from scoring.scorecard import NO, UNSURE, YES, Kind, Rule, Wording
from tests.scoring.cards import TITLE, card, question
from tests.scoring.dialogues import talk
from tests.scoring.test_library_cards import Unlike

TURNS = tuple(
    talk(("a", "سلام، روز بخیر."), ("c", "I want my money back."), ("a", "Of course, you'll have it tomorrow!"))
)
STRETCH = Stretch(turns=TURNS)
ASK = question("promised", ask=TITLE)


def answers(*rows: dict) -> str:
    return json.dumps({"answers": [{"question": "promised", **row} for row in rows]})


@contextlib.contextmanager
def serving(
    said: str | None = None, *, status: int = 200, raw: bytes | None = None, drip_s: float = 0.0
) -> Iterator[tuple[str, list]]:
    """A small server that speaks the protocol; gives its address and what it was asked."""
    asked: list[dict] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.append({"path": self.path, "key": self.headers.get("authorization"), **body})
            content = (
                raw
                if raw is not None
                else json.dumps({"choices": [{"message": {"role": "assistant", "content": said}}]}).encode()
            )
            self.send_response(status)
            self.send_header("content-length", str(len(content) + (100 if drip_s else 0)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(content)
                for _ in range(100 if drip_s else 0):
                    time.sleep(drip_s)
                    self.wfile.write(b" ")
                    self.wfile.flush()

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def asked_of(said: str | None = None, *, of_question=ASK, heard: float = 1.0, timeout_s: float = 5.0, **server):
    with serving(said, **server) as (address, _):
        return ask_all(LanguageModel(address, "small", timeout_s=timeout_s), card(of_question), STRETCH, heard)[
            "promised"
        ]


def test_the_call_and_the_questions_are_sent_as_the_protocol_wants_it():
    with serving(answers({"answer": "yes", "turn": 2, "quote": "you'll have it tomorrow"})) as (address, asked):
        ask_all(LanguageModel(address + "/", "small", key="secret"), card(ASK), STRETCH, 1.0)
    [request] = asked
    assert request["path"] == "/v1/chat/completions"
    assert request["key"] == "Bearer secret"
    assert request["model"] == "small"
    assert [message["role"] for message in request["messages"]] == ["system", "user"]
    assert "[1] customer: I want my money back." in request["messages"][1]["content"]
    assert '"promised": Q / س (yes, no, na, unsure)' in request["messages"][1]["content"]


@pytest.mark.parametrize("number", [2, 0, 99, None, "2"])
def test_a_quote_that_is_in_the_call_is_evidence_whatever_turn_was_named(number):
    found = asked_of("Sure! " + answers({"answer": "Yes", "turn": number, "quote": "You'll have it, tomorrow"}))
    assert (found.value, found.method, found.model) == (YES, "model", "small")
    assert [(item["party"], item["turn"]) for item in found.evidence] == [("agent", 2)]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"answer": "yes", "turn": 2, "quote": "you will have it in an hour"}, asking.MISQUOTED),
        ({"answer": "yes", "turn": 2, "quote": "have it tomorr"}, asking.MISQUOTED),
        ({"answer": "yes", "turn": 2}, asking.UNQUOTED),
        ({"answer": "no", "quote": "  "}, asking.UNQUOTED),
        ({"answer": "no", "quote": "it"}, asking.UNQUOTED),
        ({"answer": "unsure", "quote": "you'll have it tomorrow"}, asking.UNQUOTED),
        ({"answer": "perhaps", "turn": 2, "quote": "you'll have it tomorrow"}, asking.RUBBISH),
        ({"answer": True, "turn": 2, "quote": "you'll have it tomorrow"}, asking.RUBBISH),
        ({"turn": 2, "quote": "you'll have it tomorrow"}, asking.RUBBISH),
    ],
)
def test_an_answer_that_no_words_show_goes_to_a_person(row, why):
    found = asked_of(answers(row))
    assert (found.value, found.reason["id"], found.method) == (UNSURE, why, "model")


@pytest.mark.parametrize(
    "said",
    [
        "",
        "I can't help with that.",
        "{",
        '{"answers": 3}',
        '{"answers": [3, {"question": "other"}]}',
        "[" * 9000,
        "{" * 9000 + "}",
    ],
)
def test_rubbish_is_missing_and_nothing_breaks(said):
    assert asked_of(said).reason["id"] == asking.RUBBISH


@pytest.mark.parametrize(
    "server",
    [{"status": 500}, {"status": 302}, {"raw": b"<html>"}, {"raw": b"[]"}, {"raw": b'{"choices": []}'}, {"said": None}],
)
def test_a_server_that_speaks_otherwise_is_silent(server):
    assert asked_of(**server).reason["id"] == asking.SILENT


@pytest.mark.parametrize("drip_s", [0.1, 3.0])
def test_a_slow_server_is_given_up_within_about_the_limit(drip_s):
    began = time.monotonic()
    assert asked_of("x", timeout_s=0.5, drip_s=drip_s).reason["id"] == asking.SILENT
    assert time.monotonic() - began < 4


def test_a_server_that_sends_its_headers_letter_by_letter_is_given_up_too():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    for letter in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 60:
                        connection.send(bytes([letter]))
                        time.sleep(0.1)

        threading.Thread(target=drip, daemon=True).start()
        model = LanguageModel(f"http://127.0.0.1:{server.getsockname()[1]}/v1", "small", timeout_s=0.5)
        began = time.monotonic()
        with pytest.raises(PassingError, match="did not answer"):
            model.complete("task", "text")
        assert time.monotonic() - began < 4


def test_a_model_that_is_down_is_left_alone_for_a_while():
    with serving("x") as (address, _):
        pass
    model = LanguageModel(address, "small", timeout_s=2)
    with pytest.raises(PassingError, match="did not answer"):
        model.complete("task", "text")
    with pytest.raises(PassingError, match="left alone"):
        model.complete("task", "text")


def test_an_answer_from_a_badly_heard_call_goes_to_a_person():
    row = {"answer": "yes", "turn": 2, "quote": "you'll have it tomorrow"}
    assert asked_of(answers(row), heard=0.4).value == UNSURE


@pytest.mark.parametrize(
    ("kind", "said", "expected"),
    [
        (Kind.SCALE, 4, "4"),
        (Kind.SCALE, 9, UNSURE),
        (Kind.NUMBER, "2.5", "2.5"),
        (Kind.NUMBER, "nan", UNSURE),
        (Kind.NUMBER, "1e999", UNSURE),
        (Kind.TEXT, "a refund", "a refund"),
    ],
)
def test_other_types_are_answered_in_their_own_form(kind, said, expected):
    of_question = question("promised", ask=TITLE, kind=kind)
    assert (
        asked_of(
            answers({"answer": said, "turn": 2, "quote": "you'll have it tomorrow"}), of_question=of_question
        ).value
        == expected
    )


def test_the_other_answers_stand_whatever_the_model_says():
    ruled = question("ruled", rule=Rule(any_of=Wording(en=("of course",))), ask=TITLE)
    missing = question("missing", rule=Rule(any_of=Wording(en=("voucher",))), ask=TITLE)
    form = card(ruled, missing, ASK)
    for said in (
        None,
        json.dumps({"answers": [{"question": "ruled", "answer": "no", "quote": "I want my money back"}]}),
    ):
        with serving(said) as (address, _):
            found = answer_all(form, STRETCH, Setting(encoder=Unlike(), model=LanguageModel(address, "small")))
        assert [one.value for one in found] == [YES, NO, UNSURE]
        assert [one.method for one in found] == ["rule", "rule", "model"]


def test_without_an_address_no_model_is_asked(settings):
    assert of(settings) is None
    told = settings.model_copy(update={"language_model_url": "http://127.0.0.1:1/v1"})
    model = of(told)
    assert model is not None
    assert of(told) is model
