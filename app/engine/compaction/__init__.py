"""What leaves a full context window, and the summary that takes its place."""
