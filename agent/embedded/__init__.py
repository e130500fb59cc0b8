"""The planner that is used where no LLM server is configured: a small grammar of the picture world's language."""
