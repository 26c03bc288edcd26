"""Fault injection: what a reader sees, and what a resumed run makes of it."""
