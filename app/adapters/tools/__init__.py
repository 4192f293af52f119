"""What runs tools that are programs."""
