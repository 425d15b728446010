"""Drafts, rules and models tried on calls that were scored before, without touching a score that stands."""
