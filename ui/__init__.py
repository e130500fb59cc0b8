"""Knows the agent's events, not its insides."""
