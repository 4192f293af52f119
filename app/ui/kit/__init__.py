"""Widgets that several rooms share; they know the theme and the domain words, no room and no service."""
