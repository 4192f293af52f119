"""A server made with the official SDK, which takes seconds to load: one process speaks over its standard input and
output, and over streamable HTTP and SSE on two ports that it writes to the file named as its argument.
"""

import sys
import threading
from pathlib import Path

import uvicorn
from mcp.server.mcpserver import MCPServer

server = MCPServer("weather")


@server.tool()
def get_weather(city: str, days: int = 1) -> str:
    """Tells the weather of a city."""
    return f"{city}: sunny for {days} days"


class Quiet(uvicorn.Server):
    """Knows its port once it listens."""

    port = 0

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = threading.Event()

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        self.port = self.servers[0].sockets[0].getsockname()[1]
        self.listens.set()


def main() -> None:
    ports: list[str] = []
    for app in (server.streamable_http_app(), server.sse_app()):
        served = Quiet(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
        threading.Thread(target=served.run, daemon=True).start()
        served.listens.wait(30)
        ports.append(str(served.port))
    Path(sys.argv[1]).write_text(" ".join(ports))
    server.run("stdio")


if __name__ == "__main__":
    main()
