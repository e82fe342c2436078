"""Works: the queue of builds, and what each becomes."""
