"""Scripts that train the pack from scratch on rendered scenes, on a CPU or a GPU, and measure it."""
