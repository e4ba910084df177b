"""Coverage-guided fuzzing of the kernels: see `run`."""
