"""Knows image references, Briefs and budgets, not graphs."""
