"""Knows pixels and models, not sessions. Everything that runs on torch lives here, behind one worker protocol."""
