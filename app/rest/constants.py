"""What the interface says of a world that Lares does not have: one user, one organisation, no projects."""

USER_ID = "user-00000000-0000-4000-8000-000000000000"
ORGANISATION_ID = "org-00000000-0000-4000-8000-000000000000"
"""Those that a Letta server of one person gives."""
CLIENT = "api"
"""Who asks, as runs and the memory history call it."""
