"""The same application on Ray Serve, for those who outgrow one host.

Each replica is a process with instruments and schedulers of its own, wherever in the cluster Ray puts it; replicas know
nothing of each other. What is asked in one request goes to any of them. A WebSocket stays with its replica, and a
session goes on at another one by its exported state. `serve run` of Ray starts it:

    UNDERSONG_KEY=… serve run undersong.serving.ray_serve:application voices=anthology,keeper replicas=2

Ray is no part of what Undersong installs: pip install "ray[serve]".
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from undersong.config import build
from undersong.errors import UsageError
from undersong.serving.settings import Serving

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["application", "replica"]

_OURS = {"voices", "replicas", "cores", "key", "open"}
_AT_ONCE = 64  # requests that one replica works on, beside those that may wait


def application(arguments: Mapping[str, str]) -> Any:
    """What `serve run` runs, from its key=value words.

    `voices` (runs, voices or files, parted by commas), `replicas` and `cores` (of each) are ours; any other is a
    setting of the server by its name, such as body_bytes=200000. The key is in UNDERSONG_KEY or `key`; without one it
    starts only where open=yes says that everybody may play. Raises UsageError, RecipeError.
    """
    voices = [name.strip() for name in arguments.get("voices", "anthology").split(",") if name.strip()]
    settings = _settings(arguments)
    replicas, cores = (_count(arguments, name) for name in ("replicas", "cores"))
    try:
        from ray import serve  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise UsageError("This needs Ray, which is missing.", 'Install it with: pip install "ray[serve]"') from error

    def begun() -> FastAPI:
        """In the replica: instruments are loaded where they play."""
        return replica(voices, settings)

    deployment = serve.deployment(
        name="undersong",
        num_replicas=replicas,
        ray_actor_options={"num_cpus": cores},
        # people are played side by side: Ray's own limit of five at once would keep them apart
        max_ongoing_requests=settings.waiting + _AT_ONCE,
    )(serve.ingress(begun)())
    return deployment.bind()


def replica(voices: list[str], settings: Serving) -> FastAPI:
    """The application of one replica. Raises what `load` raises."""
    from undersong.serving.app import make_app
    from undersong.serving.running import take_up

    return make_app(take_up(voices), settings)


def _settings(arguments: Mapping[str, str]) -> Serving:
    given: dict[str, Any] = {name: value for name, value in arguments.items() if name not in _OURS}
    for name in ("hosts", "origins"):
        if name in given:
            given[name] = tuple(each.strip() for each in given[name].split(","))
    key = arguments.get("key") or os.environ.get("UNDERSONG_KEY")
    settings = build(Serving, {**given, "key": key}, "serve run")
    if settings.classroom:
        raise UsageError("A classroom is one process, which knows everybody in it.", "Use: undersong serve --classroom")
    if key is None and arguments.get("open") != "yes":
        raise UsageError(
            "Ray may listen where others reach it, and there is no key.",
            "Set UNDERSONG_KEY, or say open=yes where nobody else can come near.",
        )
    return settings


def _count(arguments: Mapping[str, str], name: str) -> int:
    given = arguments.get(name, "1")
    if not given.isdecimal() or not 1 <= int(given[:9]) <= 10_000:
        raise UsageError(f"{name}={given[:40]} is no number of them.", f"For example {name}=2")
    return int(given)
