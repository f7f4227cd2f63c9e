"""The page /docs: every route with its fields, made from the description that programs read at /openapi.json.

The usual page of that kind loads its scripts from elsewhere. This one is whole: it opens without a network, and nobody
learns that somebody read it.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute, WebSocketRoute

__all__ = ["manual"]

_STYLE = """
body{font:1rem/1.55 Georgia,serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fdfcf9}
h1,h2,h3{line-height:1.2} h2{margin-top:3rem;border-bottom:1px solid #ccc} h3{margin-top:2rem}
code,pre,h3{font-family:ui-monospace,Menlo,Consolas,monospace} code{font-size:.9em}
pre{background:#f1eee6;padding:.6rem;overflow-x:auto;font-size:.85rem} nav a{margin-right:1rem}
table{border-collapse:collapse;width:100%} td{vertical-align:top;padding:.2rem .6rem .2rem 0;border-top:1px solid #eee}
td:first-child{width:13rem} .kind{color:#777;font-size:.85em} .method{color:#8a3b12}
@media (prefers-color-scheme:dark){body{color:#ddd;background:#1c1b19}pre{background:#2a2825}a{color:#8ab4f8}
td,h2{border-color:#444}.method{color:#e8a87c}.kind{color:#999}}
"""
_METHODS = ("get", "post", "put", "patch", "delete")
_CODE = re.compile(r"`([^`\n]+)`")


def manual(description: Mapping[str, Any], routes: Sequence[BaseRoute], address: str, key: bool) -> str:
    """The page; `description` is what OpenAPI calls a document, `routes` are looked through for WebSockets.

    `address` stands in the examples; `key` says whether they need one.
    """
    parts: dict[str, list[str]] = {}
    for path, methods in description.get("paths", {}).items():
        for method in _METHODS:
            if method in methods:
                operation = methods[method]
                part = (operation.get("tags") or ["other"])[0]
                parts.setdefault(part, []).append(_operation(description, path, method, operation, address, key))
    if sockets := [_socket(route) for route in _sockets(routes)]:
        parts["WebSockets"] = sockets
    named = [(f"part-{number}", name, written) for number, (name, written) in enumerate(parts.items())]
    contents = " ".join(f'<a href="#{place}">{_e(name)}</a>' for place, name, _ in named)
    body = "".join(f'<h2 id="{place}">{_e(name)}</h2>{"".join(written)}' for place, name, written in named)
    about = description.get("info", {})
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_e(about.get('title', 'Undersong'))}</title><style>{_STYLE}</style></head><body>"
        f'<h1>{_e(about.get("title", "Undersong"))} <span class="kind">{_e(about.get("version", ""))}</span></h1>'
        f"{_paragraphs(about.get('description', ''))}<p>For programs the same stands at "
        f'<a href="/openapi.json">/openapi.json</a>.</p><nav>{contents}</nav>{body}</body></html>'
    )


def _operation(
    whole: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any], address: str, key: bool
) -> str:
    """One route: what it does, what it takes, what it answers, and a line to try."""
    fields = [
        _row(each["name"], each.get("schema", {}), each.get("description", ""), each.get("required", False), whole)
        for each in operation.get("parameters", ())
    ]
    sent = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    schema = {} if sent is None else _resolved(sent, whole)
    needed = schema.get("required", ())
    fields += [
        _row(name, each, each.get("description", ""), name in needed, whole)
        for name, each in schema.get("properties", {}).items()
    ]
    answers = [
        f"<tr><td><code>{_e(status)}</code><td>{_e(each.get('description', ''))}"
        for status, each in operation.get("responses", {}).items()
    ]
    return (
        f'<h3><span class="method">{method.upper()}</span> {_e(path)}</h3>'
        f"<p><b>{_e(operation.get('summary', ''))}.</b></p>{_paragraphs(operation.get('description', ''))}"
        + (f"<table>{''.join(fields)}</table>" if fields else "")
        + f"<pre>{_e(_curl(path, method, schema, sent is not None, address, key))}</pre>"
        + f"<details><summary>Answers</summary><table>{''.join(answers)}</table></details>"
    )


def _row(name: str, schema: Mapping[str, Any], sentence: str, needed: bool, whole: Mapping[str, Any]) -> str:
    told = sentence or _resolved(schema, whole).get("description", "")
    kind = _kind(schema, whole) + (", needed" if needed else "")
    return f'<tr><td><code>{_e(name)}</code><br><span class="kind">{_e(kind)}</span><td>{_inline(told)}'


def _kind(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    """What a field may be, in words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for several in ("anyOf", "oneOf"):
        if several in schema:
            kinds = dict.fromkeys(_kind(each, whole) for each in schema[several])
            return " or ".join(kind for kind in kinds if kind != "null")
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}), whole)}"
    kind = schema.get("type", "anything")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _resolved(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference stands for."""
    for _ in range(10):
        if "$ref" not in schema:
            break
        found: Any = whole
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            found = found.get(part, {})
        schema = found
    return schema


def _curl(path: str, method: str, schema: Mapping[str, Any], sends: bool, address: str, key: bool) -> str:
    """A line that asks for it; fields are those that have an example and are needed, or the first few."""
    words = [f"curl {address}{path}"]
    if method != "get":
        words.insert(1, f"-X {method.upper()}")
    if key:
        words.append('-H "Authorization: Bearer $UNDERSONG_KEY"')
    if sends:
        examples = {
            name: each["examples"][0] for name, each in schema.get("properties", {}).items() if each.get("examples")
        }
        needed = schema.get("required", ())
        chosen = {name: value for name, value in examples.items() if name in needed or name in ("prompt", "seed")}
        shown = json.dumps(chosen or examples, ensure_ascii=False).replace("'", r"'\''")
        words += ['-H "Content-Type: application/json"', f"-d '{shown}'"]
    return " ".join(words)


def _sockets(routes: Sequence[BaseRoute]) -> Iterator[WebSocketRoute]:
    """Every WebSocket, those of routers that were taken in included."""
    for route in routes:
        if isinstance(route, WebSocketRoute):
            yield route
        else:
            yield from _sockets(getattr(getattr(route, "original_router", None), "routes", ()))


def _socket(route: WebSocketRoute) -> str:
    told = re.sub(r"(?m)^ {4}", "", getattr(route, "endpoint", route).__doc__ or "")
    return f'<h3><span class="method">WebSocket</span> {_e(route.path)}</h3>{_paragraphs(told)}'


def _paragraphs(words: str) -> str:
    return "".join(f"<p>{_inline(each)}</p>" for each in words.strip().split("\n\n") if each.strip())


def _inline(words: str) -> str:
    return _CODE.sub(r"<code>\1</code>", _e(words))


def _e(words: object) -> str:
    return html.escape(str(words))
