"""One way of scoring a file; each holds one `evals.api.Scorer` named SCORER."""
