"""The look of the terminal report: one palette, one set of glyphs, and the small pieces drawn with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.terminal_theme import TerminalTheme
from rich.text import Text
from rich.theme import Theme

from cardscope.text.clean import clean
from cardscope.types import Author, LicenseOutcome, Outcome, Severity, Span

THEME = Theme(
    {
        "plain": "",
        "faint": "#8a8f98",
        "name": "bold",
        "title": "bold #7aa2f7",
        "accent": "#7aa2f7",
        "good": "#73b978",
        "warn": "#e0af68",
        "bad": "bold #f0717a",
        "template": "#8a8f98",
        "placeholder": "#e0af68",
        "inherited": "#9d7cd8",
        "authored": "#73b978",
    },
    inherit=True,
)

# Four glyphs of falling weight, so that the bars also read without colour.
AUTHOR_GLYPH = {Author.AUTHORED: "█", Author.INHERITED: "▓", Author.TEMPLATE: "▒", Author.PLACEHOLDER: "░"}
AUTHOR_STYLE = {author: author.value for author in Author}
OUTCOME_GLYPH = {
    Outcome.YES: "✓",
    Outcome.NO: "✗",
    Outcome.UNKNOWN: "?",
    Outcome.NOT_APPLICABLE: "–",
    Outcome.ERROR: "!",
}
OUTCOME_STYLE = {
    Outcome.YES: "good",
    Outcome.NO: "warn",
    Outcome.UNKNOWN: "faint",
    Outcome.NOT_APPLICABLE: "faint",
    Outcome.ERROR: "bad",
}
SEVERITY_STYLE = {
    Severity.HIGH: "bad",
    Severity.MEDIUM: "warn",
    Severity.LOW: "plain",
    Severity.INFO: "faint",
    Severity.NONE: "faint",
}
LICENSE_GLYPH = {
    LicenseOutcome.COMPATIBLE: "✓",
    LicenseOutcome.INCOMPATIBLE: "✗",
    LicenseOutcome.NEEDS_REVIEW: "!",
    LicenseOutcome.UNKNOWN: "?",
}
LICENSE_STYLE = {
    LicenseOutcome.COMPATIBLE: "good",
    LicenseOutcome.INCOMPATIBLE: "bad",
    LicenseOutcome.NEEDS_REVIEW: "warn",
    LicenseOutcome.UNKNOWN: "faint",
}

SVG_THEME = TerminalTheme(
    (22, 24, 29),
    (214, 218, 226),
    [
        (38, 41, 48),
        (240, 113, 122),
        (115, 185, 120),
        (224, 175, 104),
        (122, 162, 247),
        (157, 124, 216),
        (125, 207, 255),
        (214, 218, 226),
    ],
    [
        (138, 143, 152),
        (240, 113, 122),
        (115, 185, 120),
        (224, 175, 104),
        (122, 162, 247),
        (157, 124, 216),
        (125, 207, 255),
        (255, 255, 255),
    ],
)

# rich's own frame fetches a font from a CDN; this one uses what the reader has.
SVG_FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "SFMono-Regular", Menlo, "DejaVu Sans Mono", Consolas, monospace; font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 16px; font-family: ui-sans-serif, system-ui, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def said(text: object, limit: int, style: str = "plain") -> Text:
    """Words that may come out of a card, made safe: no control characters, no markup, cut to ``limit`` characters."""
    return Text(clean(str(text), limit), style=style)


def lines_of(spans: Sequence[Span], one: str = "", several: str = "") -> str:
    """Where to look, for instance ``lines 4–9``; only the first span when there are many.

    >>> lines_of((Span(4, 9), Span(20, 20)), "line ", "lines ")
    'lines 4–9 …'
    """
    if not spans:
        return ""
    first = spans[0]
    more = " …" if len(spans) > 1 else ""
    if first.first == first.last:
        return f"{one}{first.first}{more}"
    return f"{several}{first.first}–{first.last}{more}"


def bar(shares: Mapping[Author, int], size: int) -> Text:
    """Words by author as a bar of ``size`` cells; every author with a word gets a cell at least."""
    total = sum(shares.values())
    text = Text()
    if not total:
        return text.append("·" * size, style="faint")
    cells = {author: max(1, round(size * count / total)) for author, count in shares.items() if count}
    while sum(cells.values()) > size:
        cells[max(cells, key=lambda author: cells[author])] -= 1
    while sum(cells.values()) < size:
        cells[max(cells, key=lambda author: shares[author])] += 1
    for author in (Author.AUTHORED, Author.INHERITED, Author.TEMPLATE, Author.PLACEHOLDER):
        text.append(AUTHOR_GLYPH[author] * cells.get(author, 0), style=AUTHOR_STYLE[author])
    return text


def gauge(value: float | None, size: int, style: str | None = None) -> Text:
    """A number of 100 as a bar; green, amber or red where high is good, ``style`` where it is only a degree."""
    if value is None:
        return Text("·" * size, style="faint")
    filled = round(size * max(0.0, min(100.0, value)) / 100)
    colour = style or ("good" if value >= 67 else "warn" if value >= 34 else "bad")
    return Text("━" * filled, style=colour).append("─" * (size - filled), style="faint")
