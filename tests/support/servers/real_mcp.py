"""A server made with the official SDK, which takes seconds to load: one process speaks over its standard input and
output, and over streamable HTTP on a port that it writes to the file named as its argument.
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
    """Tells its port once it listens."""

    def __init__(self, config: uvicorn.Config, port_file: Path) -> None:
        super().__init__(config)
        self._port_file = port_file
        self.listens = threading.Event()

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        port = self.servers[0].sockets[0].getsockname()[1]
        self._port_file.with_suffix(".new").write_text(str(port))
        self._port_file.with_suffix(".new").rename(self._port_file)
        self.listens.set()


def main() -> None:
    config = uvicorn.Config(server.streamable_http_app(), host="127.0.0.1", port=0, log_level="error")
    served = Quiet(config, Path(sys.argv[1]))
    threading.Thread(target=served.run, daemon=True).start()
    served.listens.wait(30)
    server.run("stdio")


if __name__ == "__main__":
    main()
