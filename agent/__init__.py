"""Knows the conversation, not torch: one graph from a user's message to a picture, a question or a reply."""
