"""One critic a file: each holds some kinds of requirement against what was seen in a picture."""
