"""Figures over many evaluations, each with how sure it is."""
