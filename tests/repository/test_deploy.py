"""What lies in deploy/ names what is there: files, verbs, options, routes, limits. No engine is needed to see it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.main import get_command

from undersong.cli.main import app
from undersong.errors import RecipeError, UsageError
from undersong.serving.settings import Serving
from undersong.serving.workspaces import COOKIE

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
BESIDE = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
"""What nginx keeps in folders that not everybody may write to."""


def options_of(verb: str) -> set[str]:
    """Every option that a verb of the command line takes."""
    command = get_command(app).commands[verb]  # type: ignore[attr-defined]
    return {name for parameter in command.params for name in parameter.opts}


def assert_can_be_typed(words: list[str]) -> None:
    """`undersong WORDS…` names a verb, and options that it has."""
    verbs = {command.name for command in app.registered_commands}
    assert words[0] in verbs
    wanted = {word.partition("=")[0] for word in words if word.startswith("-")}
    assert wanted <= options_of(words[0])


# ── the image ──────────────────────────────────────────────────────────────────────────────────────────────────────


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile, an instruction with its words a line."""
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
    told = [line.partition(" ") for line in map(str.strip, lines) if line and not line.startswith("#")]
    return [(instruction, words.strip()) for instruction, _, words in told]


def all_of(instruction: str) -> list[str]:
    return [words for name, words in instructions() if name == instruction]


def test_the_image_copies_what_is_there() -> None:
    """Each file named, and let through to the builder; of the package all that its metadata names."""
    copied = [path for words in all_of("COPY") if "--from" not in words for path in words.split()[:-1]]
    let_through = re.findall(r"^!(.+)$", (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8"), re.MULTILINE)

    assert {"pyproject.toml", "README.md", "LICENSE", "src"} <= set(copied)
    assert [] == [path for path in copied if not (ROOT / path).exists()]
    assert sorted(copied) == sorted(let_through)


def test_the_image_runs_a_verb_that_is_there() -> None:
    """What it runs can be typed, and says that everybody reaches it, so that it starts with a key only."""
    (entry,), (command,) = map(json.loads, all_of("ENTRYPOINT")), map(json.loads, all_of("CMD"))

    assert ["undersong"] == entry
    assert_can_be_typed(command)
    assert "0.0.0.0" == command[command.index("--host") + 1]
    assert not any("KEY" in words for name, words in instructions() if name in ("ENV", "ARG")), "a key for everybody"
    (port,) = all_of("EXPOSE")
    assert port == command[command.index("--port") + 1]
    (check,) = all_of("HEALTHCHECK")
    assert f"http://127.0.0.1:{port}/healthz" in check


def test_the_image_is_small_and_runs_as_nobody_in_particular() -> None:
    """A version that does not move by itself, no root, and no torch."""
    bases = all_of("FROM")

    assert bases
    assert all(re.match(r"python:3\.\d+-slim\b", base) for base in bases)
    assert all_of("USER")[-1].isdecimal()
    assert int(all_of("USER")[-1]) > 0
    order = [name for name, _ in instructions()]
    assert order.index("USER") < order.index("CMD")
    assert not re.search(r"torch|\[learn", (DEPLOY / "Dockerfile").read_text("utf-8"))


# ── nginx ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def nginx() -> str:
    """The file without its comments."""
    return re.sub(r"(?m)(^|\s)#.*$", "", (DEPLOY / "nginx.conf").read_text("utf-8"))


def directives(name: str) -> list[str]:
    return re.findall(rf"(?m)^\s*{name}\s+([^;{{]+);", nginx())


def seconds(time: str) -> float:
    return float(time[:-1]) * {"s": 1, "m": 60, "h": 3600}[time[-1]]


def test_nginx_conf_is_well_formed() -> None:
    """Every line begins a block, ends one, or is a directive that ends; as far as that can be seen without nginx."""
    depth = 0
    for line in filter(None, map(str.strip, nginx().splitlines())):
        assert line == "}" or line[-1] in "{;", line
        depth += line.count("{") - line.count("}")
        assert depth >= 0, line
    assert 0 == depth


def test_nginx_sends_a_person_to_the_same_worker() -> None:
    """By the cookie of the workspace, spread evenly, over several workers on this machine."""
    conf = nginx()

    assert f"map $cookie_{COOKIE} $whose" in conf
    assert ["$whose consistent"] == directives("hash")
    workers = re.findall(r"server 127\.0\.0\.1:(\d+)", conf)
    assert len(set(workers)) == len(workers) > 1
    readme = (DEPLOY / "README.md").read_text("utf-8")
    assert all(port in readme for port in workers)


def test_nginx_lets_through_what_the_server_does() -> None:
    """WebSockets, events as they come, bodies as large, and answers that take as long."""
    conf, defaults = nginx(), Serving()

    assert "proxy_set_header Upgrade $http_upgrade;" in conf
    assert "proxy_set_header Connection $connection_upgrade;" in conf
    assert ["1.1"] == directives("proxy_http_version")
    assert ["off"] == directives("proxy_buffering")
    assert "location = /v1/sessions" in conf
    (body,) = directives("client_max_body_size")
    assert defaults.body_bytes <= int(body[:-1]) * 1024**2 <= 2 * defaults.body_bytes
    assert all(seconds(time) > defaults.seconds for time in directives("proxy_read_timeout"))


def test_nginx_logs_no_words() -> None:
    """Old editors write in the query, errors below `crit` quote it, and large bodies would go to a file."""
    (form,) = directives("log_format")
    (errors,), (kept,), (body,) = map(directives, ("error_log", "client_body_buffer_size", "client_max_body_size"))

    assert "$uri" in form
    assert not re.search(r"\$request\b|\$request_uri|\$args|\$query_string|\$http_", form)
    assert errors.endswith(" crit")
    assert kept == body


def test_nginx_itself_takes_the_file(tmp_path: Path) -> None:
    """Where nginx is installed it reads the file, its certificate aside."""
    program, openssl = shutil.which("nginx"), shutil.which("openssl")
    if program is None or openssl is None:
        pytest.skip("nginx, or openssl for a certificate to try it with, is not on this machine")
    key, certificate = tmp_path / "undersong.key", tmp_path / "undersong.pem"
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True, timeout=60)
    conf = (DEPLOY / "nginx.conf").read_text("utf-8")
    for place in ("/etc/nginx/tls/", "/var/log/nginx/"):
        conf = conf.replace(place, f"{tmp_path}/")
    beside = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in BESIDE)
    (tmp_path / "nginx.conf").write_text(conf.replace("http {", f"http {{\n{beside}"), "utf-8")
    asked = [program, "-t", "-q", "-c", str(tmp_path / "nginx.conf"), "-g", f"pid {tmp_path}/pid;"]
    done = subprocess.run(asked, check=False, capture_output=True, timeout=60)

    assert 0 == done.returncode, done.stderr.decode()


# ── the page that explains it ──────────────────────────────────────────────────────────────────────────────────────


def test_commands_in_the_readme_can_be_typed() -> None:
    """Every `undersong …` in a block is a verb with options that it has."""
    readme = (DEPLOY / "README.md").read_text("utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    commands = [re.split(r"\s[|&;#]", line.partition("undersong ")[2])[0] for line in lines]
    typed = [shlex.split(command) for command, line in zip(commands, lines, strict=True) if _is_typed(line)]

    assert typed
    for words in typed:
        assert_can_be_typed(words)


def _is_typed(line: str) -> bool:
    """Whether the line runs our command, and not a container of that name."""
    return bool(re.search(r"(?:^|[\s/=])undersong serve\b", line)) and "docker" not in line


# ── Ray ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_cluster_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows where Ray listens: everybody may play only where somebody says so."""
    from undersong.serving.ray_serve import application

    monkeypatch.delenv("UNDERSONG_KEY", raising=False)
    with pytest.raises(UsageError, match="no key"):
        application({"voices": "keeper"})


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"replicas": "many"}, "replicas=many"),
        ({"replicas": "0"}, "replicas=0"),
        ({"classroom": "true"}, "one process"),
        ({"body_byte": "9"}, "body_byte"),
    ],
)
def test_words_for_a_cluster_are_checked(arguments: dict[str, str], says: str) -> None:
    """What is wrong is named before Ray is asked for anything."""
    from undersong.serving.ray_serve import application

    with pytest.raises((UsageError, RecipeError), match=says):
        application({"key": "a-key-of-some-length", **arguments})


def test_ray_is_asked_for_by_name() -> None:
    """It is no part of what is installed, and who has not got it is told how to."""
    from undersong.serving.ray_serve import application

    if find_spec("ray") is not None:
        pytest.skip("Ray is installed here")
    with pytest.raises(UsageError, match="Ray") as refused:
        application({"key": "a-key-of-some-length"})
    assert "ray[serve]" in refused.value.do
