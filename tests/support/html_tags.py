"""The tags of a page of HTML."""

from html.parser import HTMLParser


class Tags(HTMLParser):
    """Collects (tag, attributes) and complains about tags that are closed in the wrong order."""

    VOID = frozenset({"meta", "img"})

    def __init__(self, html):
        super().__init__()
        self.found, self.open = [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]
