"""Routes: parse, ask, render."""
