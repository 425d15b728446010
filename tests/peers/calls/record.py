"""Records scenarios one by one: `python -m tests.peers.calls.record 22|16 NAME… | all`.

Each writes `tests/streams/VERSION-NAME.txt.gz`, the raw bytes from Asterisk, and `tests/streams/VERSION-NAME.json`, what the phones did.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import traceback

from tests.peers import PeerMissing
from tests.peers.ami_tap import AmiTap
from tests.peers.calls.scene import Scenario
from tests.peers.calls.stage import SCENARIOS, Stage, neutral
from tests.streams import expected


def main() -> int:
    """Record. 0 done, 1 a peer is missing or a scenario failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers.calls.record", description=__doc__)
    parser.add_argument("version", type=int, choices=(16, 22))
    parser.add_argument("names", nargs="+", choices=[*SCENARIOS, "all"], metavar="NAME")
    arguments = parser.parse_args()
    names = list(SCENARIOS) if "all" in arguments.names else arguments.names
    chosen = [SCENARIOS[name] for name in names]
    failed = []
    try:
        with Stage.ready(arguments.version, chosen) as stage:
            for scenario in chosen:
                if not record(stage, scenario):
                    failed.append(scenario.name)
    except PeerMissing as peer:
        print(peer, file=sys.stderr)
        return 1
    if failed:
        print(f"failed: {failed}", file=sys.stderr)
    return 1 if failed else 0


def record(stage: Stage, scenario: Scenario) -> bool:
    """Play one scenario with a connection of its own, and write what came."""
    with AmiTap(stage.pbx) as tap:
        played = stage.play(scenario, tap)
        if played.expected is None:
            traceback.print_exception(played.problem)
            print(f"{scenario.name}: failed; Asterisk's log:\n{stage.pbx.log_tail(40)}", file=sys.stderr)
            return False
        tap.wait_quiet()
        raw = neutral(tap.raw, stage.pbx)
    stem = f"{stage.pbx.version}-{scenario.name}"
    data = gzip.compress(raw, mtime=0)
    (expected.STREAMS / f"{stem}.txt.gz").write_bytes(data)
    expected.save(expected.STREAMS / f"{stem}.json", played.expected)
    print(f"{stem}: {len(raw)} bytes, {len(data)} packed", file=sys.stderr)
    return True


if __name__ == "__main__":
    sys.exit(main())
