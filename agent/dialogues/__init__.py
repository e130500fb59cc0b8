"""Dialogues that the picture world generates, to train a planner on: what is meant comes first, the words after it."""
