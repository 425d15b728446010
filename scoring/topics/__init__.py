"""What calls are about, what was promised in them, and a short summary."""
