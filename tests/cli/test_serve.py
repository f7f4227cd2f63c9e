"""`undersong serve`: how a server begins, what it says of itself, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
import pytest
from tiny_runs import environment

KEY = "correct-horse-battery-staple"
WORDS = "sometifent marrowbone"


@dataclass
class Served:
    """A server in a process of its own, and what it said when it answered."""

    process: subprocess.Popen[str]
    said: dict[str, Any]

    @property
    def address(self) -> str:
        return str(self.said["address"])

    def ask(self, path: str, **asked: Any) -> httpx.Response:
        return httpx.request(asked.pop("method", "GET"), self.address + path, timeout=30, **asked)

    def ended(self, *numbers: int) -> tuple[int, str]:
        """How it ended after these signals, and what it said."""
        for number in numbers:
            self.process.send_signal(number)
        _, err = self.process.communicate(timeout=60)
        return self.process.returncode, err


def read_json(pipe: IO[str]) -> dict[str, Any]:
    """The first JSON object that comes out of it."""
    lines = []
    for line in pipe:
        lines.append(line)
        if line == "}\n":
            found: dict[str, Any] = json.loads("".join(lines))
            return found
    return {}


def begin(folder: Path, *words: object, **more: str) -> Served:
    """`undersong serve WORDS… --port 0 --json`, once it answers."""
    command = [sys.executable, "-m", "undersong", "serve", *map(str, words), "--port", "0", "--json"]
    known = environment() | {"UNDERSONG_HOME": str(folder / "home")} | more
    process = subprocess.Popen(
        command, cwd=folder, env=known, encoding="utf-8",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    said = read_json(process.stdout)
    assert said, process.communicate()[1]
    return Served(process, said)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Servers that end with the test."""
    begun: list[Served] = []

    def start(*words: object, **more: str) -> Served:
        begun.append(begin(tmp_path, *words, **more))
        return begun[-1]

    yield start
    for each in begun:
        each.process.kill()
        each.process.communicate()


@pytest.fixture(scope="module")
def two_media(tmp_path_factory: pytest.TempPathFactory, learned_in: Callable[[str], Any]) -> Iterator[Served]:
    """A voice that ships, twice, and a run of the toy medium."""
    served = begin(tmp_path_factory.mktemp("served"), "keeper", "keeper", learned_in("toy").folder)
    yield served
    served.process.kill()
    served.process.communicate()


# ── what plays ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_says_where_it_is_once_it_answers(two_media: Served) -> None:
    """As JSON: the port that was free, a name for each instrument, its process."""
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", two_media.address)
    assert ["keeper", "keeper-2", "tiny"] == two_media.said["models"]
    assert two_media.process.pid == two_media.said["pid"]
    assert two_media.said["models"] == two_media.ask("/healthz").json()["models"]
    assert 200 == httpx.get(two_media.said["docs"]).status_code


@pytest.mark.parametrize("model", ["keeper", "keeper-2", "tiny"])
def test_every_instrument_plays_under_its_name(two_media: Served, model: str) -> None:
    """Of any medium; two of one voice are the same."""
    asked = {"model": model, "max_tokens": 5, "seed": 3}
    choice = two_media.ask("/v1/completions", method="POST", json=asked).json()["choices"][0]
    other = two_media.ask("/v1/completions", method="POST", json=asked | {"model": model.replace("-2", "")}).json()

    assert choice["piece"] == other["choices"][0]["piece"]
    assert isinstance(choice["piece"], list if model == "tiny" else str)


def test_a_run_that_cannot_be_played_is_told_before_anything_is_opened(
    undersong: Callable[..., Any], tmp_path: Path
) -> None:
    """Nobody reaches a server that has nothing to play."""
    (tmp_path / "broken.undersong").write_bytes(b"no zip")
    damaged = undersong("serve", "broken.undersong", "--port", 0)
    missing = undersong("serve", "nowhere", "--port", 0)

    assert (1, "InstrumentFileError") == (damaged.code, damaged.err.partition(":")[0])
    assert (1, "RunFolderError") == (missing.code, missing.err.partition(":")[0])


# ── who may ask ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_public_address_wants_a_key(undersong: Callable[..., Any]) -> None:
    """And one is offered, in the words to be typed."""
    refused = undersong("serve", "keeper", "--host", "0.0.0.0", "--port", 0)

    assert (2, "UsageError") == (refused.code, refused.err.partition(":")[0])
    assert re.search(r"UNDERSONG_KEY=[\w-]{32} undersong serve --host 0\.0\.0\.0", refused.err)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--origin", "*"], "no page"),
        (["--host-name", "https://a"], "no name"),
        (["--host", "192.0.2.1", "--key", KEY], "no address"),
        (["--set", "secnds=4"], "Did you mean 'seconds'?"),
        (["--set", "seconds=-4"], "seconds"),
        (["--classroom", "--workers", "2", "--host", "127.0.0.1"], "--workers"),
    ],
)
def test_what_makes_no_sense_is_told(undersong: Callable[..., Any], words: list[str], said: str) -> None:
    """With what would."""
    refused = undersong("serve", "keeper", "--port", 0, *words)

    assert 2 == refused.code
    assert said in refused.err


def test_a_port_that_is_taken_is_told_with_one_that_is_free(undersong: Callable[..., Any]) -> None:
    """Whoever has it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = undersong("serve", "keeper", "--port", port)
    free = int(re.findall(r"--port (\d+) is free", refused.err)[0])

    assert 2 == refused.code
    assert f"port {port}" in refused.err
    assert port < free <= port + 100


# ── how it ends ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_ends_well_when_it_is_asked_to(serve: Callable[..., Served]) -> None:
    """Ctrl-C is how a server ends: no failure, and no traceback. The log had none of the words."""
    served = serve("keeper")
    served.ask("/generate", params={"start_text": WORDS})
    served.ask("/v1/completions", method="POST", json={"prompt": WORDS, "max_tokens": 3})
    served.ask(f"/nowhere/{WORDS}")
    code, err = served.ended(signal.SIGINT)

    assert 0 == code, err
    assert err.endswith("Stopped.\n")
    assert "Traceback" not in err
    assert [] == [word for word in WORDS.split() if word in err]
    assert re.search(r"POST /v1/completions 200 \d+ ms", err)


def test_the_key_may_stand_in_the_environment(serve: Callable[..., Served]) -> None:
    """Where other people of this machine do not see it. SIGTERM, as from a container's keeper, ends it well too."""
    served = serve("keeper", UNDERSONG_KEY=KEY)
    allowed = {"Authorization": f"Bearer {KEY}"}
    statuses = [served.ask("/v1/models", headers=headers).status_code for headers in ({}, allowed)]
    code, err = served.ended(signal.SIGTERM)

    assert [401, 200] == statuses
    assert KEY not in json.dumps(served.said) + err
    assert (0, True) == (code, err.endswith("Stopped.\n"))


def test_what_is_being_played_comes_to_its_end(serve: Callable[..., Served]) -> None:
    """A stream that was begun is told to its last part."""
    served = serve("keeper")
    asked = {"prompt": "The lamp ", "max_tokens": 300, "seed": 1, "stream": True}
    with httpx.stream("POST", f"{served.address}/v1/completions", json=asked, timeout=60) as answer:
        lines = answer.iter_lines()
        first = next(lines)
        served.process.send_signal(signal.SIGINT)
        rest = list(lines)

    assert first.startswith("data: {")
    assert "data: [DONE]" in rest
    assert 0 == served.ended()[0]


def test_twice_is_at_once(serve: Callable[..., Served]) -> None:
    """Whatever is being played."""
    served = serve("keeper")
    asked = {"max_tokens": 20_000, "n": 8, "seed": 1, "stream": True}
    with httpx.stream("POST", f"{served.address}/v1/completions", json=asked, timeout=60) as answer:
        next(answer.iter_lines())
        served.process.send_signal(signal.SIGINT)
        assert served.process.stderr is not None
        while "Once more" not in served.process.stderr.readline():
            assert served.process.poll() is None
        code, err = served.ended(signal.SIGINT)

    assert 130 == code, err
    assert "Traceback" not in err


def test_voices_play_as_one_and_need_no_torch(tmp_path: Path) -> None:
    """With + between their names, a dial for each; nor is onnx needed, which writes graphs."""
    program = (
        "import sys; from undersong.cli.main import main\n"
        "try: main()\n"
        "finally: print(*sorted({'torch', 'onnx', 'onnxruntime'} & set(sys.modules)), file=sys.stderr)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "serve", "keeper+tide", "--port", "0", "--json"],
        cwd=tmp_path, env=environment(), encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    served = Served(process, read_json(process.stdout))
    (model,) = served.ask("/v1/models").json()["data"]
    served.ask("/v1/completions", method="POST", json={"max_tokens": 3}).raise_for_status()

    assert {"keeper", "tide"} <= {dial["name"] for dial in model["dials"]}
    assert "onnxruntime" == served.ended(signal.SIGINT)[1].splitlines()[-1]


# ── a room, and several processes ──────────────────────────────────────────────────────────────────────────────────


def test_a_room_is_opened_with_a_code(serve: Callable[..., Served]) -> None:
    """Nobody plays who has not joined."""
    served = serve("keeper", "--classroom", "--host", "127.0.0.1")
    asked = {"max_tokens": 3}
    outside = served.ask("/v1/completions", method="POST", json=asked)
    joined = served.ask("/classroom/join", method="POST", json={"code": served.said["code"], "name": "Ada"}).json()
    token = {"Authorization": f"Bearer {joined['token']}"}
    inside = served.ask("/v1/completions", method="POST", json=asked, headers=token)

    assert (401, 200) == (outside.status_code, inside.status_code)
    assert f"{served.address}/#{served.said['code']}" == served.said["link"]


@pytest.mark.slow
def test_several_processes_answer_at_one_address(serve: Callable[..., Served]) -> None:
    """Each counts for itself; no command line has the key; all end together."""
    served = serve("keeper", "--workers", 2, UNDERSONG_KEY=KEY)
    allowed = {"Authorization": f"Bearer {KEY}"}
    asked = {"max_tokens": 8, "seed": 5}
    pieces, workers = set(), set()
    for _ in range(60):
        answer = served.ask("/v1/completions", method="POST", json=asked, headers=allowed)
        pieces.add(answer.json()["choices"][0]["piece"])
        workers |= set(re.findall(r'worker="(\d+)"', served.ask("/metrics", headers=allowed).text))
    commands = [
        Path(f"/proc/{worker}/cmdline").read_bytes() for worker in workers if os.path.exists("/proc/self/cmdline")
    ]
    code, err = served.ended(signal.SIGINT)

    assert (1, 2) == (len(pieces), len(workers))
    assert [] == [command for command in commands if KEY.encode() in command]
    assert 0 == code, err
    assert [] == [worker for worker in workers if os.path.exists(f"/proc/{worker}")]
