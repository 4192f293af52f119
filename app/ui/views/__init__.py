"""The parts of the window that a person sees and uses; each takes the theme first and asks services."""
