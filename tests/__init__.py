"""Tests of Avasanj; peers that they talk to are in `tests.peers`."""
