"""Names of those whose text it is, where no person here and not the agent itself wrote it, as people read them."""


def tool_source(name: str) -> str:
    """What a tool returned that is not Lares's own."""
    return f"the tool {name}"


def mcp_source(server: str) -> str:
    """What an MCP server says."""
    return f"the MCP server “{server}”"


def file_source(name: str) -> str:
    """What stood in a file that was imported. `name`: without its folder; may be unknown."""
    return f"the file {name}" if name else "an imported file"


def page_source(address: str) -> str:
    """What a page of the web says."""
    return f"the page {address}"


def search_source(words: str) -> str:
    """What a search of the web found."""
    return f"a web search for {words}"
