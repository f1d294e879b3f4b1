"""Real API servers for tests: how they are built, started and found."""
