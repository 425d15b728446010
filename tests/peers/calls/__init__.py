"""Every kind of call that the ledger must tell, done by phones on a real Asterisk.

A scenario is a function that does one thing with its own phones and queues and returns what it did. `SCENARIOS` has them by name,
in the order that gives each its number. They run side by side (`run.py`) or one by one (`python -m tests.peers.calls.record`).
"""
