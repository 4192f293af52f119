"""Pages as text: fetched here, and taken apart in the sandbox, since anybody may have written them."""

from dataclasses import dataclass, field

from app.adapters.web.extraction import FUNCTION, MODULES, SOURCE
from app.adapters.web.fetching import Fetching, charset_of
from app.domain.error import Invalid
from app.domain.json_value import object_of
from app.domain.web import WebPage
from app.ports.sandbox import Sandbox, SandboxCall

HTML = frozenset({"text/html", "application/xhtml+xml"})
TEXTS = frozenset({"application/json", "application/xml", "application/javascript", "application/yaml"})


@dataclass(frozen=True)
class WebPages:
    """`ports/web.py: PageReader`."""

    sandbox: Sandbox
    fetching: Fetching = field(default_factory=Fetching)

    async def read(self, address: str) -> WebPage:
        found = await self.fetching.fetch(address, _is_text)
        text = found.body.decode(charset_of(found), "replace")
        if found.media_type not in HTML:
            return WebPage(address=found.address, text=text.strip())
        call = SandboxCall(source=SOURCE, function=FUNCTION, arguments={"html": text}, modules=MODULES)
        taken = await self.sandbox.run(call)
        if not taken.ok:
            raise Invalid(f"The page at “{found.address}” could not be taken apart: {taken.error}")
        told = object_of(taken.value)
        return WebPage(address=found.address, title=str(told.get("title", "")), text=str(told.get("text", "")))


def _is_text(media_type: str) -> bool:
    plain = media_type.lower()
    return plain in HTML or plain.startswith("text/") or plain in TEXTS or plain.endswith(("+json", "+xml"))
