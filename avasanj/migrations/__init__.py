"""The schema's history. Each step is small, waits for no lock longer than its timeout, and can be taken back."""
