"""Reusable widgets: they know the theme and the domain words, no services and no views."""
