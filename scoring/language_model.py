"""A language model behind any address that speaks OpenAI's chat protocol: one of the center's own, or a service. Off unless set up."""

from __future__ import annotations

import json
import queue
import threading
import time

import httpx

from avasanj.errors import PassingError
from avasanj.settings import Settings

#: After a failure it is left alone so long, so that a model that is down does not hold up every call.
REST_S = 60.0
_MOST_BYTES = 1_000_000
_SLACK_S = 1.0


class LanguageModel:
    """One model at one address. The text of calls goes there, and nowhere else."""

    def __init__(self, address: str, name: str, *, key: str | None = None, timeout_s: float = 60.0) -> None:
        self.name = name
        self._address = address.rstrip("/") + "/chat/completions"
        self._headers = {"authorization": f"Bearer {key}"} if key else {}
        self._timeout_s = timeout_s
        self._rests_until = 0.0

    def complete(self, task: str, text: str) -> str:
        """What the model says to it. Raises PassingError when it does not answer, answers otherwise than agreed, or rests."""
        if time.monotonic() < self._rests_until:
            raise PassingError(f"The language model failed within the last {REST_S:g} s and is left alone.")
        messages = [{"role": "system", "content": task}, {"role": "user", "content": text}]
        try:
            said = self._post({"model": self.name, "messages": messages, "temperature": 0, "stream": False})
            content = json.loads(said)["choices"][0]["message"]["content"]
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._rests_until = time.monotonic() + REST_S
            raise PassingError(f"The language model did not answer: {type(error).__name__}.") from None
        except (ValueError, LookupError, TypeError, RecursionError):
            raise PassingError("The language model's address does not speak OpenAI's chat protocol.") from None
        if not isinstance(content, str):
            raise PassingError("The language model answered without a text.")
        return content

    def _post(self, body: dict[str, object]) -> bytes:
        """The whole answer, over within about the time limit whatever the server does: it may send its headers letter by letter."""
        found: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
        client = httpx.Client(timeout=self._timeout_s, follow_redirects=False)

        def ask() -> None:
            try:
                found.put(self._read(client, body))
            except Exception as error:  # noqa: BLE001 - it is raised again where somebody waits for it
                found.put(error)

        threading.Thread(target=ask, name="language-model", daemon=True).start()
        try:
            said = found.get(timeout=self._timeout_s + _SLACK_S)
        except queue.Empty:
            raise httpx.ReadTimeout("too slow") from None
        finally:
            client.close()
        if isinstance(said, Exception):
            raise said
        return said

    def _read(self, client: httpx.Client, body: dict[str, object]) -> bytes:
        deadline, collected = time.monotonic() + self._timeout_s, b""
        with client.stream("POST", self._address, json=body, headers=self._headers) as response:
            response.raise_for_status()
            for chunk in response.iter_bytes():
                collected += chunk
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("too slow")
                if len(collected) > _MOST_BYTES:
                    raise httpx.ReadError("too long")
        return collected


_KEPT: dict[tuple[object, ...], LanguageModel] = {}


def of(settings: Settings) -> LanguageModel | None:
    """The model that the settings name, the same one each time; None where none is set up."""
    if settings.language_model_url is None:
        return None
    key = settings.language_model_key.get_secret_value() if settings.language_model_key else None
    facts = (settings.language_model_url, settings.language_model, key, settings.language_model_timeout_s)
    if facts not in _KEPT:
        address, name, secret, timeout_s = facts
        _KEPT[facts] = LanguageModel(address, name, key=secret, timeout_s=timeout_s)
    return _KEPT[facts]
