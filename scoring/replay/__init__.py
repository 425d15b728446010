"""A draft, a rule or a model tried on stored calls before it is published."""
