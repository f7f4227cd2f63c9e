"""`undersong doctor`: what this machine can do, and why not the rest."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import typer

from undersong.cli.saying import answer, next_step

NAME = "doctor"
_OFFLINE = (
    'pip download "undersong[learn]" --dest wheels   (on a machine with a network), then '
    'pip install --no-index --find-links wheels "undersong[learn]"'
)


def command(json: bool = typer.Option(False, "--json", help="Answer as JSON.")) -> None:
    """Whether this machine can learn, play and open the studio; versions, proxies, and how to install offline.

    Example: undersong doctor
    """
    found = _look()
    if json:
        answer(found)
        return
    print(f"undersong {found['undersong']} · Python {found['python']} · {found['system']} · {found['cores']} cores")
    for name, can in found["can"].items():
        print(f"{'yes' if can['yes'] else 'no ':4} {name:7} {can['why']}")
    for name, number in found["libraries"].items():
        print(f"     {name:18} {number or 'not installed'}")
    for name, value in found["proxies"].items():
        print(f"     proxy in force: {name}={value}")
    print(f"Offline: {found['offline']}")
    next_step("undersong demo shows the whole of it in about a minute.")


def _look() -> dict[str, Any]:
    import undersong

    names = ("numpy", "onnxruntime", "onnx", "torch", "pydantic", "safetensors", "regex")
    return {
        "undersong": undersong.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": os.cpu_count(),
        "can": {"learn": _learn(), "play": _play(), "int8": _int8(), "studio": _studio()},
        "libraries": {name: _version(name) for name in names},
        "proxies": {
            name: _without_secret(value)
            for name, value in sorted(os.environ.items())
            if name.lower() in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "pip_proxy")
        },
        "offline": _OFFLINE,
    }


def _learn() -> dict[str, Any]:
    if find_spec("torch") is not None:
        return {"yes": True, "why": f"torch {_version('torch')} is installed"}
    reason = no_torch_for(platform.system(), platform.machine(), sys.version_info[:2])
    return {"yes": False, "why": reason or 'torch is not installed: pip install "undersong[learn]"'}


def no_torch_for(system: str, machine: str, python: tuple[int, ...]) -> str:
    """Why torch cannot be installed on such a machine; empty where it can."""
    machine = machine.lower()
    if system == "Darwin" and machine == "x86_64":
        return "torch has no wheels of today for Intel Macs: this machine plays only"
    if system == "Windows" and machine in ("arm64", "aarch64"):
        return "torch has no wheels for Windows on ARM: this machine plays only"
    if sys.maxsize < 2**32:
        return "torch needs a 64-bit Python: this machine plays only"
    if python > (3, 14):
        return f"torch may have no wheels for Python {python[0]}.{python[1]} yet; 3.11 to 3.14 have"
    return ""


def _play() -> dict[str, Any]:
    if find_spec("onnxruntime") is not None:
        return {"yes": True, "why": f"on onnxruntime {_version('onnxruntime')}"}
    return {"yes": True, "why": "on numpy, up to twice as slow: onnxruntime is not installed"}


def _int8() -> dict[str, Any]:
    if find_spec("onnxruntime") is None:
        return {"yes": False, "why": "onnxruntime is not installed: everything plays in float32"}
    if find_spec("onnx") is None:
        return {"yes": False, "why": "onnx is not installed, so it cannot be tried"}
    from undersong.playing.graph_steps import int8_is_exact

    if int8_is_exact():
        return {"yes": True, "why": "sums of 8-bit products are exact here, and large networks play twice as fast"}
    return {"yes": False, "why": "this processor cuts off sums of 8-bit products: where it shows, float32 plays"}


def _studio() -> dict[str, Any]:
    return {"yes": False, "why": f"undersong {_version('undersong') or ''} does not have one yet".replace("  ", " ")}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _without_secret(address: str) -> str:
    """A proxy's address without the password some carry."""
    _, at, host = address.rpartition("@")
    return f"…@{host}" if at else address
