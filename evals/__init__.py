"""Knows tasks and scores, not the page."""
