"""Tools that come with Lares: their schemas, the pure memory tools, and how a call finds its tool."""
