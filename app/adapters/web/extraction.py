"""The program that takes a page apart, in the sandbox: what readability finds to be its text, as plain Markdown."""

FUNCTION = "extract"
MODULES = ("readability", "lxml", "lxml_html_clean", "cssselect", "chardet")
SOURCE = '''
import re

import lxml.html
from readability import Document

BLOCKS = set("p div section article ul ol table blockquote header footer main figure dl".split())
DROPPED = {"script", "style", "noscript", "template", "svg", "nav", "form", "iframe", "button", "head"}
ENOUGH = 200

def extract(html: str) -> dict:
    html = re.sub(r"^\\s*<\\?xml[^>]*\\?>", "", html)
    if not html.strip():
        return {"title": "", "text": ""}
    document = Document(html)
    title = document.short_title() or ""
    text = told(lxml.html.fromstring(document.summary(html_partial=True)))
    whole = told(lxml.html.fromstring(html))
    # A page that is no article is all there is, as lists and overviews are.
    if len(text) < ENOUGH or 10 * len(text) < len(whole):
        text = whole
    return {"title": " ".join(title.split()), "text": text}

def told(root) -> str:
    pieces = []
    walk(root, pieces)
    text = "".join(pieces)
    text = re.sub(r"[ \\t]+\\n", "\\n", re.sub(r"\\n[ \\t]+", "\\n", text))
    return re.sub(r"\\n{3,}", "\\n\\n", text).strip().replace("\\u00a0", " ")

def walk(node, pieces) -> None:
    """Without recursion: a hostile page is deep."""
    todo = [(node, False)]
    while todo:
        node, ends = todo.pop()
        tag = node.tag if isinstance(node.tag, str) else ""
        if ends:
            if tag in BLOCKS or re.fullmatch("h[1-6]|tr|pre", tag):
                pieces.append("\\n\\n" if tag != "tr" else "\\n")
            elif tag in ("td", "th"):
                pieces.append(" | ")
            elif tag == "a" and str(node.get("href", "")).startswith("http"):
                pieces.append(f" ({node.get('href')[:500]})")
        else:
            if not tag or tag in DROPPED:
                pieces.append(spaced(node.tail))
                continue
            if tag in BLOCKS or tag == "pre":
                pieces.append("\\n\\n")
            elif re.fullmatch("h[1-6]", tag):
                pieces.append("\\n\\n" + "#" * int(tag[1]) + " ")
            elif tag == "li":
                pieces.append("\\n- ")
            elif tag == "br":
                pieces.append("\\n")
            pieces.append((node.text or "").replace(" ", "\\u00a0") if tag == "pre" else spaced(node.text))
            todo.append((node, True))
            todo.extend((child, False) for child in reversed(node))
            continue
        pieces.append(spaced(node.tail))

def spaced(text) -> str:
    return re.sub(r"\\s+", " ", text or "")
'''
