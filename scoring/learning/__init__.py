"""What the center's people say of moods, and how the heads learn from it."""
