"""URLs: what makes a base URL usable, and path templates filled with quoted values."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from connectors.errors import RefusedByPolicyError


def url_problem(url: str) -> str | None:
    """What is wrong with a base URL, or None: for one clear line before a run starts."""
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_valid:
        return "is not a URL (https://host/path)"
    if parts.username or parts.password or parts.query or parts.fragment:
        return "must hold no user, password, query or fragment"
    return None


def filled_path(path: str, variables: Mapping[str, object], *, partly: bool = False) -> str:
    """The path with its variables quoted in; an empty or dotted one is refused."""
    for name, value in variables.items():
        text, slot = as_text(value), "{" + name + "}"
        if not text or text in (".", "..") or slot not in path:
            raise RefusedByPolicyError(f"{path}: {name} is not a value for a path")
        path = path.replace(slot, quote(text, safe=""))
    if "{" in path and not partly:
        raise RefusedByPolicyError(f"{path}: a path variable has no value")
    return path.replace(">", "%3E")


def as_text(value: object) -> str:
    """A value as it is written in a URL: `true`, `17`; nothing for None."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
