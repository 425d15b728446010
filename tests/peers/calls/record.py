"""Records scenarios one by one, or side by side: `python -m tests.peers.calls.record 22|16 NAME… | all | all_at_once`.

A stream is `tests/streams/VERSION-NAME.txt.gz`, the raw bytes from Asterisk; `tests/streams/VERSION-NAME.json` is what the phones did.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import traceback

from tests.peers import PeerMissing
from tests.peers.ami_tap import AmiTap
from tests.peers.calls.listing import write_readme
from tests.peers.calls.run import play_everything
from tests.peers.calls.scene import Scenario
from tests.peers.calls.stage import SCENARIOS, Stage, neutral
from tests.streams import expected

ALL_AT_ONCE = "all_at_once"


def main() -> int:
    """Record. 0 done, 1 a peer is missing or a scenario failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers.calls.record", description=__doc__)
    parser.add_argument("version", type=int, choices=(16, 22))
    parser.add_argument("names", nargs="+", choices=[*SCENARIOS, "all", ALL_AT_ONCE], metavar="NAME")
    arguments = parser.parse_args()
    if ALL_AT_ONCE in arguments.names:
        return record_side_by_side(arguments.version)
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
    write(f"{stage.pbx.version}-{scenario.name}", raw, {scenario.name: played.expected})
    return True


def record_side_by_side(version: int) -> int:
    """Every scenario on one Asterisk, heard by one connection."""
    run = play_everything((version,))[version]
    problem = run.missing or run.problem
    problem = problem or next((played.problem for played in run.played.values() if played.problem), None)
    if problem is not None:
        traceback.print_exception(problem)
        return 1
    done = {name: played.expected for name, played in run.played.items() if played.expected is not None}
    write(f"{version}-{ALL_AT_ONCE}", run.neutral_capture, done)
    return 0


def write(stem: str, raw: bytes, done: dict[str, expected.Expected]) -> None:
    data = gzip.compress(raw, mtime=0)
    (expected.STREAMS / f"{stem}.txt.gz").write_bytes(data)
    expected.save(expected.STREAMS / f"{stem}.json", done)
    write_readme()
    print(f"{stem}: {len(raw)} bytes, {len(data)} packed", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
