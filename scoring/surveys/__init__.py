"""What customers themselves say of calls in surveys: kept beside what is predicted, never mixed with it."""
