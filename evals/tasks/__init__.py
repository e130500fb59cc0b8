"""One suite a file; each holds one `evals.api.Task` named TASK."""
