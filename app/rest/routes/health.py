"""Whether the server works."""

from app import __version__
from app.rest.call import Call, Endpoint
from app.rest.wire.base import Nothing, ResponseModel


class Health(ResponseModel):
    version: str
    status: str


async def check(call: Call[Nothing, None]) -> Health:
    """Answers as long as the engine runs."""
    return Health(version=__version__, status="ok")


ENDPOINTS = (Endpoint("GET", "/v1/health", check), Endpoint("GET", "/v1/ready", check))
