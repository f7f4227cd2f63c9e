"""Metrics as Prometheus reads them: the exposition format 0.0.4, and nothing that is not of that form."""

from __future__ import annotations

import re

_SAMPLE = re.compile(r'([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,(?!\})|(?=\})))*\})? (-?[0-9.e+-]+|\+Inf)')
_LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"')


def read(page: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """A page as the format says it is to be read: name → labels → value. Fails where it is not of that form."""
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    kinds: dict[str, str] = {}
    assert page.endswith("\n")
    for line in page.splitlines():
        if line.startswith("# HELP "):
            assert re.fullmatch(r"# HELP [a-z_]+ \S.*\.", line)
        elif line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert name not in kinds, f"{name} is declared twice"
            kinds[name] = kind
        else:
            match = _SAMPLE.fullmatch(line)
            assert match, line
            labels = tuple((name, _unescaped(value)) for name, value in _LABEL.findall(match[2] or ""))
            series = found.setdefault(match[1], {})
            assert labels not in series, f"{line} is told twice"
            series[labels] = float(match[3].replace("+Inf", "inf"))
            declared = re.sub(r"_(bucket|sum|count)$", "", match[1]) if match[1] not in kinds else match[1]
            assert declared in kinds, f"{match[1]} is of no declared kind"
            assert kinds[declared] != "counter" or declared.endswith("_total")
    return found


def _unescaped(value: str) -> str:
    return re.sub(r'\\(["\\n])', lambda found: "\n" if found[1] == "n" else found[1], value)
