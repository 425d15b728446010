"""A call center under test: a real Asterisk, the product connected to it, and what each says of the other."""

from __future__ import annotations

import contextlib
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import create_engine, text

from tests.peers.asterisk import Asterisk
from tests.pipeline.product import Product, wait_until

PASSWORD = "a long enough password"
PBX = "pbx"


class Center(Product):
    """The product with the settings that connect it to an Asterisk, if it is given one; `serve` starts it."""

    def __init__(self, models_dir: Path, pbx: Asterisk | None = None, **settings: object) -> None:
        connection: dict[str, object] = {}
        if pbx is not None:
            connection = {
                "ami_host": pbx.ami_host,
                "ami_port": pbx.ami_port,
                "ami_user": pbx.ami_user,
                "ami_secret": pbx.ami_secret,
                "recordings_dir": pbx.recordings_dir,
                "recording_wait_s": 5,
            }
        super().__init__(models_dir, **connection | settings)

    def serve(self) -> subprocess.Popen[bytes]:
        """Start `avasanj up` and wait until the dashboard answers."""
        up = self.start("up")
        wait_until(self.health, 60, "the dashboard answers")
        return up

    def pbx_state(self) -> str | None:
        """State of the connection as /health says it."""
        health = self.health()
        return health["pbx"].get(PBX) if health else None

    def connected(self, limit_s: float = 40) -> None:
        wait_until(lambda: self.pbx_state() == "connected", limit_s, f"connected to Asterisk, not {self.pbx_state()}")

    def health_status(self) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
            return int(answer.status)

    def listener(self) -> psutil.Process | None:
        """The listener's process under the running `avasanj up`, if it lives."""
        for child in psutil.Process(self.processes[-1].pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):  # a zombie counts as such
                if child.cmdline()[-1:] == ["listen"]:
                    return child
        return None

    def rows(self, query: str, **values: object) -> list[dict[str, Any]]:
        """What a query finds in the product's database."""
        engine = create_engine(self.postgres.url())
        try:
            with engine.connect() as connection:
                return [dict(row._mapping) for row in connection.execute(text(query), values)]
        finally:
            engine.dispose()

    def calls(self) -> list[dict[str, Any]]:
        """The ledger's calls, oldest first, each with its agents' names."""
        return self.rows(
            "select c.*, (select array_agg(coalesce(agent_name, interface) order by position)"
            " from telephony.agent_span s where s.call_id = c.id) as agents from telephony.call c order by started_at"
        )

    def unfinished(self) -> int:
        """How many pieces of the pipeline's work wait or run."""
        waiting = "select count(*) as n from work.workflow_status where status in ('ENQUEUED', 'PENDING', 'DELAYED')"
        return int(self.rows(waiting)[0]["n"])

    def login_link(self) -> str:
        """A link that lets the administrator in once."""
        made = self.run("login-link")
        assert made.returncode == 0, made.stderr
        found = re.search(r"http://\S+/welcome#\S+", made.stdout)
        assert found, made.stdout
        return found.group()

    @contextlib.contextmanager
    def administrator(self) -> Iterator[httpx.Client]:
        """A client that is logged in as the administrator, for what needs no browser. Its pages are in English."""
        address = f"http://127.0.0.1:{self.port}"
        token = self.login_link().partition("#")[2]
        with httpx.Client(base_url=address, follow_redirects=True, timeout=20, headers={"Origin": address}) as client:
            answer = client.post("/welcome", data={"token": token, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            client.post("/language", data={"language": "en", "back": "/"})
            yield client
