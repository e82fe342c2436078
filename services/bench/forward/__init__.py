"""TCP through the router to the internet, beside a kernel with the same rules and nobody else."""
