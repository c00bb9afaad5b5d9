"""Told sentences → HTML: escaped, isolates as `<bdi>`, links as links, blank lines as paragraphs."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from bot.core.bidi import FSI, LRI, PDI

_VALUE = re.compile(f"({LRI}|{FSI})([^{LRI}{FSI}{PDI}]*){PDI}")
_LINK = re.compile(r"https?://[^\s<>\"']+")
_LATIN = re.compile(r"[A-Za-z]")


def to_html(text: str, language: str) -> Markup:
    """One line or several, without paragraphs."""
    told = str(escape(text)).replace("\n", "<br>")
    return Markup(_VALUE.sub(lambda match: _isolated(match, language), told))  # noqa: S704 -- escaped above


def to_paragraphs(text: str, language: str) -> list[Markup]:
    return [to_html(part, language) for part in text.split("\n\n")]


def _isolated(match: re.Match[str], language: str) -> str:
    mark, value = match.groups()
    if mark == LRI:
        shown = _LINK.sub(lambda link: f'<a href="{link[0]}" rel="noopener">{link[0]}</a>', value)
        return f'<bdi dir="ltr">{shown}</bdi>'
    french = language != "fr" and _LATIN.search(value) is not None
    return f'<bdi lang="fr">{value}</bdi>' if french else f"<bdi>{value}</bdi>"
