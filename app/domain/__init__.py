"""The words of Lares: frozen models without I/O. Imports nothing else of `app`."""
