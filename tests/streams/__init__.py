"""Recorded streams of known calls, and what must be told of them (`expected`)."""
