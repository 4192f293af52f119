"""The settings of the app: appearance, backups, local API, about."""
