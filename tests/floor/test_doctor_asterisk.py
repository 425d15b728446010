"""The doctor at a real Asterisk: in a file of its own, since it runs in real time."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from avasanj.doctor import State, pbx
from avasanj.settings import Settings
from tests.floor.test_doctor import of, with_
from tests.peers.asterisk import Asterisk


@pytest.mark.realtime
@pytest.mark.slow
def test_a_real_asterisk_is_well_or_says_what_is_lacking(asterisk: Asterisk, settings: Settings) -> None:
    here = with_(
        settings,
        ami_host=asterisk.ami_host,
        ami_port=asterisk.ami_port,
        ami_user=asterisk.ami_user,
        ami_secret=SecretStr(asterisk.ami_secret),
    )
    found = of("PBX", pbx.connection(here))
    assert (found.state, "Asterisk 22" in found.text) == (State.OK, True)
    assert of("PBX", pbx.connection(with_(here, ami_secret=SecretStr("no")))).text.startswith(
        "Asterisk refused the log-in"
    )
    weak = with_(here, ami_user=asterisk.weak_user, ami_secret=SecretStr(asterisk.weak_secret))
    assert "may not use the actions" in of("PBX", pbx.connection(weak)).text
