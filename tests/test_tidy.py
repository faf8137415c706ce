"""The house rules, as tests: who may import whom, how large a room may grow, and that the papers match the house.

The tables below are the law (ARCHITECTURE.md draws it); each violation is told as one line, `file:line what is
wrong`. New exceptions belong in a table, with the reason, or the code belongs in another room.
"""

from __future__ import annotations

import ast
import functools
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent

LAYERS = {
    "demogen": 0,  # the version
    "errors": 1, "clock": 1,
    "contract": 2, "pacing": 2, "config": 2,
    "client": 3, "record": 3, "sandbox": 3,
    "population": 4,
    "patterns": 5, "audit": 5,
    "workload": 6, "report": 6,
    "drive": 7, "cli": 7,
    "locustfiles": 8, "__main__": 8,
}  # fmt: skip
# Narrower than the layers allow: what is practised on and who judges it must not know each other.
SEES_ONLY = {"sandbox": {"contract", "errors", "clock"}}
NEVER_SEES = {"audit": {"sandbox"}, "population": {"sandbox"}, "patterns": {"sandbox"}}

# Modules that only some places may import. A trailing slash names a folder.
ONLY_IN = {
    "time": ("demogen/clock.py",),
    "locust": ("demogen/drive/", "locustfiles/"),
    "gevent": ("demogen/drive/", "locustfiles/"),
    "socket": ("demogen/client/", "demogen/drive/", "demogen/sandbox/"),
    "rich": ("demogen/cli/",),
    "typer": ("demogen/cli/",),
    "duckdb": ("demogen/audit/", "demogen/population/export.py"),
    "secrets": ("demogen/record/folder.py",),
}
# Expressions that only some places may use, whatever they were imported as.
USED_ONLY_IN = {
    "os.environ": ("demogen/config/",),
    "os.getenv": ("demogen/config/",),
    "os.putenv": ("demogen/config/",),
    "datetime.now": ("demogen/clock.py",),
    "datetime.utcnow": ("demogen/clock.py",),
    "datetime.today": ("demogen/clock.py",),
    "date.today": ("demogen/clock.py",),
    "uuid.uuid1": (),
    "uuid.uuid4": (),
    "os.urandom": ("demogen/sandbox/ids.py",),
}
# The sandbox's ids are a server's: new every time, unless a test hands it dice.
UNSEEDED_IN = ("demogen/sandbox/app.py",)
# Dice are handed in: the type may be named and a seeded one made, the module's own dice may not be rolled.
OF_RANDOM = {"Random"}

# Folders of many small files of one kind: their `__init__` says for all of them what they may import.
BRIEF = ("demogen/patterns/", "locustfiles/")

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
VAGUE = {"manager", "helper", "helpers", "util", "utils", "common", "service", "processor", "data", "info"}


class Source(NamedTuple):
    """One file of ours, parsed. `name` is its path from the root, `room` the part of the house it stands in."""

    name: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        parts = Path(self.name).with_suffix("").parts
        if parts[0] != "demogen":
            return parts[0]
        return "demogen" if parts[1] == "__init__" else parts[1]


Rule = Callable[[tuple[Source, ...]], Iterator[str]]


@functools.cache
def sources(*folders: str) -> tuple[Source, ...]:
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    assert paths
    texts = [(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths]
    return tuple(Source(name, text, ast.parse(text)) for name, text in texts)


def house() -> tuple[Source, ...]:
    return sources("demogen", "locustfiles")


def tell(violations: Iterator[str] | list[str]) -> None:
    """Fail with one line for each violation."""
    lines = sorted(set(violations))
    if lines:
        pytest.fail("\n".join([f"{len(lines)} found:", *lines]), pytrace=False)


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """(line, full name) of everything a file imports; `from a import b` counts as a.b."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = ".".join(Path(source.name).parts[: -node.level])
            yield from ((node.lineno, f"{package}.{node.module or alias.name}") for alias in node.names)


def room_of(module: str) -> str | None:
    """The room of a module of ours; None for other people's."""
    parts = module.split(".")
    if parts[0] == "locustfiles":
        return "locustfiles"
    if parts[0] != "demogen":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in LAYERS else "demogen"


def test_every_room_has_its_layer() -> None:
    tell(f"{source.name}:1 room {source.room} is not in LAYERS" for source in house() if source.room not in LAYERS)


def test_imports_point_down() -> None:
    tell(upward(house()))


def upward(files: tuple[Source, ...]) -> Iterator[str]:
    for source in files:
        here = source.room
        for line, module in imports(source):
            there = room_of(module)
            if there is None or there == here or there == "demogen":
                continue
            own, other = LAYERS[here], LAYERS[there]
            seen = f"{source.name}:{line} imports {module}"
            if other >= own:
                yield f"{seen}: {here} ({own}) may not see {there} ({other})"
            elif there not in SEES_ONLY.get(here, {there}) or there in NEVER_SEES.get(here, ()):
                yield f"{seen}: {here} may never see {there}"


def stands_in(name: str, places: tuple[str, ...]) -> bool:
    return any(name.startswith(place) if place.endswith("/") else name == place for place in places)


def test_some_libraries_are_for_some_rooms_only() -> None:
    tell(out_of_place(house()))


def out_of_place(files: tuple[Source, ...]) -> Iterator[str]:
    for source in files:
        for line, module in imports(source):
            places = ONLY_IN.get(module.split(".")[0])
            if places and not stands_in(source.name, places):
                yield f"{source.name}:{line} imports {module}: only {', '.join(places)} may"


def test_time_environment_and_chance_come_in_as_arguments() -> None:
    tell(reaching_out(house()))


def reaching_out(files: tuple[Source, ...]) -> Iterator[str]:
    for source in files:
        for line, module in imports(source):
            if module.startswith("random.") and module.removeprefix("random.") not in OF_RANDOM:
                yield f"{source.name}:{line} imports {module}: dice are handed in"
            if module in USED_ONLY_IN and not stands_in(source.name, USED_ONLY_IN[module]):
                yield f"{source.name}:{line} imports {module}: {places_of(module)}"
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                name = f"{node.value.id}.{node.attr}"
                if node.value.id == "random" and node.attr not in OF_RANDOM:
                    yield f"{source.name}:{node.lineno} uses {name}: dice are handed in"
                if name in USED_ONLY_IN and not stands_in(source.name, USED_ONLY_IN[name]):
                    yield f"{source.name}:{node.lineno} uses {name}: {places_of(name)}"
            if isinstance(node, ast.Call) and is_unseeded(node) and not stands_in(source.name, UNSEEDED_IN):
                yield f"{source.name}:{node.lineno} makes dice without a seed"


def is_unseeded(call: ast.Call) -> bool:
    return ast.unparse(call) in ("random.Random()", "Random()")


def places_of(name: str) -> str:
    return f"only {', '.join(USED_ONLY_IN[name])} may" if USED_ONLY_IN[name] else "nobody may"


def test_files_and_functions_stay_below_the_wall() -> None:
    tell(too_large(sources("demogen", "locustfiles", "tests")))


def too_large(files: tuple[Source, ...]) -> Iterator[str]:
    for source in files:
        lines = source.text.count("\n")
        if lines > FILE_LINES_MAX:
            yield f"{source.name}:1 has {lines} lines: the wall is at {FILE_LINES_MAX}"
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    name = f"{source.name}:{node.lineno} {node.name}"
                    yield f"{name} has {length} lines: the wall is at {FUNCTION_LINES_MAX}"


def test_names_say_what_a_thing_is() -> None:
    tell(vague(house()))


def vague(files: tuple[Source, ...]) -> Iterator[str]:
    for source in files:
        if VAGUE & set(Path(source.name).stem.split("_")):
            yield f"{source.name}:1 is a vague name for a file"
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef) and VAGUE & {
                word.lower() for word in re.findall("[A-Z][a-z]*", node.name)
            }:
                yield f"{source.name}:{node.lineno} {node.name} is a vague name for a class"


def test_every_file_opens_with_its_charter() -> None:
    tell(without_charter(house()))


def without_charter(files: tuple[Source, ...]) -> Iterator[str]:
    for source in files:
        charter = ast.get_docstring(source.tree) or ""
        if not charter:
            yield f"{source.name}:1 has no charter"
        elif "May import" not in charter and not stands_in(source.name, BRIEF) and "__" not in source.name:
            yield f"{source.name}:1 the charter does not say what the file may import"


PLANTED = {
    "an import that points up": (
        upward,
        "contract/x.py",
        "from demogen.drive import y",
        "contract (2) may not see drive (7)",
    ),
    "an import sideways": (upward, "client/x.py", "import demogen.record.journal", "client (3) may not see record (3)"),
    "a room that must not be seen": (
        upward,
        "audit/x.py",
        "from demogen import sandbox",
        "audit may never see sandbox",
    ),
    "the sandbox peeping": (
        upward,
        "sandbox/x.py",
        "from demogen.pacing import schedule",
        "sandbox may never see pacing",
    ),
    "a relative import": (upward, "audit/x.py", "from ..sandbox import store", "audit may never see sandbox"),
    "a library in the wrong room": (out_of_place, "workload/x.py", "import locust.env", "only demogen/drive/"),
    "time read directly": (out_of_place, "client/x.py", "from time import monotonic", "only demogen/clock.py may"),
    "the environment": (reaching_out, "cli/x.py", "import os; os.environ['X']", "only demogen/config/ may"),
    "the calendar": (reaching_out, "audit/x.py", "datetime.now()", "only demogen/clock.py may"),
    "a roll of the module's dice": (reaching_out, "patterns/x.py", "random.choice([1])", "dice are handed in"),
    "dice without a seed": (reaching_out, "patterns/x.py", "random.Random()", "without a seed"),
    "a random identity": (reaching_out, "client/x.py", "uuid.uuid4()", "nobody may"),
    "a long file": (too_large, "cli/x.py", "\n" * 401, "401 lines"),
    "a long function": (too_large, "cli/x.py", "def f():\n" + "    x = 1\n" * 70, "f has 71 lines"),
    "a vague file": (vague, "cli/http_utils.py", "", "a vague name for a file"),
    "a vague class": (vague, "cli/x.py", "class RunManager: ...", "RunManager is a vague name"),
    "no charter": (without_charter, "cli/x.py", "x = 1", "has no charter"),
    "half a charter": (without_charter, "cli/x.py", '"""Prints."""', "does not say what the file may import"),
}


@pytest.mark.parametrize(("rule", "name", "text", "complaint"), PLANTED.values(), ids=PLANTED.keys())
def test_each_rule_sees_what_it_forbids(rule: Rule, name: str, text: str, complaint: str) -> None:
    (violation,) = rule((Source(f"demogen/{name}", text, ast.parse(text)),))
    assert violation.startswith(f"demogen/{name}:")
    assert complaint in violation


IMPORT_ALL = """
import importlib, json, sys, threading

root, names = sys.argv[1], sys.argv[2:]
WATCHED = ("socket.", "subprocess.", "os.fork", "os.posix_spawn", "os.system", "sqlite3.", "thread")
seen = []

def watch(event, args):
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if not writes and not event.startswith(WATCHED):
        return
    # Whose import is running? The innermost module body tells; a library's own is the library's affair.
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    name = frame.f_code.co_filename if frame is not None else ""
    if name.startswith(root) and "site-packages" not in name:
        seen.append([name[len(root) + 1:], frame.f_lineno, event])

start = threading.Thread.start
threading.Thread.start = lambda thread: (watch("thread start", ()), start(thread))
sys.addaudithook(watch)
for name in names:
    try:
        importlib.import_module(name)
    except Exception as error:
        seen.append([name.replace(".", "/") + ".py", 1, f"{type(error).__name__} ({error})"])
print(json.dumps(seen))
"""


def on_import(root: Path, names: list[str]) -> list[str]:
    """What the modules of a tree do besides defining things, as lines; all in one child process."""
    run = subprocess.run(
        [sys.executable, "-B", "-c", IMPORT_ALL, str(root), *names],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout.splitlines()[-1])
    return [f"{name}:{line} does {event} when imported" for name, line, event in seen]


def test_importing_any_module_does_nothing_else() -> None:
    names = [source.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for source in house()]
    # Drive comes first, as it does in a locustfile: locust patches the sockets that others then use.
    names.sort(key=lambda name: (not name.startswith(("demogen.drive", "locustfiles")), name))
    names.remove("demogen.__main__")
    tell(on_import(ROOT, names))


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("import socket; socket.socket()", "socket.__new__"),
        ("import threading; threading.Thread(target=len, args=('',)).start()", "thread start"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
        ("import sqlite3; sqlite3.connect(':memory:')", "sqlite3.connect"),
        ("open('left-behind', 'w').close()", "open"),
    ],
)
def test_a_busy_import_is_seen(line: str, event: str, tmp_path: Path) -> None:
    (tmp_path / "busy.py").write_text(f"# Planted.\n\n{line}\n")
    assert f"busy.py:3 does {event} when imported" in on_import(tmp_path, ["busy"])


def test_each_invariant_is_a_sentence_and_a_query() -> None:
    tell(speechless())


def speechless() -> Iterator[str]:
    for path in sorted((ROOT / "demogen/audit/invariants").glob("*.sql")):
        header = re.match(r"(?:-- .*\n)*", path.read_text(encoding="utf-8"))
        text = header[0].replace("\n-- ", " ") if header else ""
        if not re.match(r"-- [A-Z][^.]+\. Source: .+\. Catches: .+\.", text):
            yield f"{path.relative_to(ROOT)}:1 does not open with a sentence, `Source: …` and `Catches: …`"
