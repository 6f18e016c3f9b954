"""The house plan's rules, read from the source: who may import whom, and how large a room may grow."""

import ast
import graphlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from earmark import errors
from earmark.cli.exits import Exit, exit_for

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "earmark"

# Room -> the rooms that it may import. The package's own `__init__` and `__main__` are doors of one line.
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "voice": {"errors"},
    "storage": {"errors", "voice"},
    "service": {"errors", "voice", "storage"},
    "cli": {"errors", "voice", "storage", "service", "api", "telemetry", "evaluation"},
    "api": {"errors", "voice", "storage", "service", "telemetry"},
    "telemetry": {"errors"},
    "client": {"errors", "api"},  # of the api the native wire types alone, see below
    "evaluation": {"errors", "voice"},
    "training": {"errors", "voice", "evaluation"},
    "samples": set(),
    "__init__": {"errors", "voice", "client"},
    "__main__": {"cli"},
}
# Third-party packages that a room alone may use; what is not listed is free for every room.
ONLY_IN: dict[str, set[str]] = {
    "torch": {"training", "evaluation"},
    "resemblyzer": {"training", "evaluation"},
    "sqlalchemy": {"storage"},
    "alembic": {"storage"},
    "typer": {"cli"},
    "rich": {"cli"},
    "fastapi": {"api"},
    "starlette": {"api"},
    "uvicorn": {"api"},
    "pydantic": {"api", "cli", "client"},
    "structlog": {"api", "telemetry"},
    "httpx": {"client"},
    "httpcore": {"service"},
    "dbos": {"service"},  # durable.py alone
    "obstore": {"storage"},  # blobs.py alone
    "onnxruntime": {"voice", "training", "evaluation"},
    "av": {"voice", "training", "evaluation"},
}
# What comes with an extra, and the rooms that may import it at once. Elsewhere it may be missing: it is
# imported in the function that needs it.
OPTIONAL: dict[str, set[str]] = {
    "torch": {"training"},
    "resemblyzer": {"training"},
    "av": {"training", "evaluation"},
    "openvino": set(),
}
# Nothing leaves the machine: no module that opens a connection.
NETWORK = {
    "socket",
    "http",
    "urllib",
    "ssl",
    "ftplib",
    "smtplib",
    "requests",
    "httpx",
    "aiohttp",
    "urllib3",
    "httpcore",
}
# The service listens and names statuses; the client calls the one address that it is given; use cases fetch
# what a caller asks them to fetch and tell of jobs, by service/outgoing.py, where the operator allows it.
MAY_TALK: dict[str, set[str]] = {
    "api": {"socket", "http"},
    "client": {"httpx", "ssl"},
    "service": {"httpcore", "socket", "ssl", "http"},
}

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
# A file or `file:function` past the limits, each with the reason that it is still one room.
LONGER_BY_DESIGN: dict[str, str] = {
    "errors.py": "the one tree of errors, drawn at its top",
    "storage/migrations/versions/v0001_profiles.py:upgrade": "one list of tables, frozen once released",
}


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Every imported module, with whether it is imported at once (not in a function, not for types)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    deferred: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        ):
            deferred |= {id(child) for child in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) not in deferred
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{relative(path)} imports by a relative path; write the whole name"
            assert node.module is not None
            at_import = id(node) not in deferred
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            submodules = [name for name in submodules if is_module(name)]
            yield from ((name, at_import) for name in submodules)
            if len(submodules) < len(node.names):
                yield node.module, at_import


def is_module(name: str) -> bool:
    place = PACKAGE.parent / name.replace(".", "/")
    return place.with_suffix(".py").exists() or (place / "__init__.py").exists()


@pytest.mark.parametrize("path", sources(), ids=relative)
def test_rooms_import_only_what_the_plan_allows(path: Path) -> None:
    room = room_of(path)
    assert room in MAY_IMPORT, f"{room} is a new room: give it its place in MAY_IMPORT"
    for name, at_import in imports(path):
        parts = name.split(".")
        if parts[0] == "earmark" and len(parts) > 1 and parts[1] in MAY_IMPORT:
            assert parts[1] == room or parts[1] in MAY_IMPORT[room], f"{relative(path)} imports {name}"
        assert room in ONLY_IN.get(parts[0], {room}), f"{relative(path)} imports {name}"
        early = at_import and room not in OPTIONAL.get(parts[0], {room})
        assert not early, f"{relative(path)} imports {name} at once, and it may be missing"
        talks = name != "urllib.parse" and parts[0] in NETWORK - MAY_TALK.get(room, set())
        assert not talks, f"{relative(path)} imports {name}: nothing may leave the machine"


def test_the_client_shares_the_types_on_the_wire_and_no_more() -> None:
    for path in sources():
        if room_of(path) == "client":
            found = {name for name, _ in imports(path) if name.startswith("earmark.api")}
            allowed = {f"earmark.api.native.{name}" for name in ("wire", "rules_wire", "words_wire")}
            assert found <= allowed, f"{relative(path)} imports {found}"


def test_no_import_cycle() -> None:
    modules = {module_of(path): path for path in sources()}
    graph = {
        module: {
            name for name, at_import in imports(path) if at_import and name in modules and name != module
        }
        for module, path in modules.items()
    }
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the cycle


@pytest.mark.parametrize("path", sources(), ids=relative)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if relative(path) not in LONGER_BY_DESIGN:
        assert len(text.splitlines()) <= LONGEST_FILE, "two rooms share one name: split it"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            if f"{relative(path)}:{node.name}" not in LONGER_BY_DESIGN:
                assert lines <= LONGEST_FUNCTION, f"{node.name} is {lines} lines long: split it"


@pytest.mark.parametrize("path", sources(), ids=relative)
def test_files_say_in_a_few_lines_what_they_are_for(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if path.name == "__init__.py" and not tree.body:
        return  # the folder's sentence stands in the design
    docstring = ast.get_docstring(tree)
    assert docstring, "no module docstring: say what this file turns into what"
    if relative(path) != "errors.py":  # the tree is drawn there
        assert len(docstring.split("\n\n")[0].splitlines()) <= 5


def test_exceptions_from_the_size_rule_still_exist() -> None:
    names = {relative(path) for path in sources()}
    assert {name.split(":")[0] for name in LONGER_BY_DESIGN} <= names


def error_classes(root: type[errors.EarmarkError] = errors.EarmarkError) -> list[type[errors.EarmarkError]]:
    return [root, *(found for child in root.__subclasses__() for found in error_classes(child))]


def test_error_codes_are_unique_and_drawn_in_the_tree() -> None:
    classes = error_classes()
    codes = [error.code for error in classes]
    assert len(set(codes)) == len(codes)
    assert errors.__doc__ is not None
    leaves = [error for error in classes if not error.__subclasses__()]
    for error in leaves:
        assert error.__name__ in errors.__doc__
        assert error.code in errors.__doc__
    for error in classes:
        assert error.__module__ == "earmark.errors", f"{error.__name__} belongs into the one tree"


@pytest.mark.parametrize("error", error_classes()[1:], ids=lambda error: error.__name__)
def test_every_error_has_an_exit_code(error: type[errors.EarmarkError]) -> None:
    assert exit_for(error) in {Exit.USAGE, Exit.AUDIO, Exit.NOT_FOUND, Exit.STORE, Exit.SERVICE}


HEAVY = (
    "onnxruntime",
    "sqlalchemy",
    "alembic",
    "torch",
    "av",
    "soundfile",
    "scipy",
    "cryptography",
    "openvino",
    "fastapi",
    "uvicorn",
    "structlog",
    "httpx",
    "dbos",
    "obstore",
)


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("import earmark", "import earmark"),
        ("earmark --help", "from earmark.cli.main import run; run(['--help'])"),
        ("earmark --version", "from earmark.cli.main import run; run(['--version'])"),
        ("earmark profiles --help", "from earmark.cli.main import run; run(['profiles', '--help'])"),
        ("earmark serve --help", "from earmark.cli.main import run; run(['serve', '--help'])"),
        ("earmark worker --help", "from earmark.cli.main import run; run(['worker', '--help'])"),
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(what: str, code: str) -> None:
    count = f"print(sorted(set(sys.modules) & {set(HEAVY)!r}), threading.active_count())"
    script = f"{code}\nimport sys, threading\n{count}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] 1", f"{what} imported or started too much"


def test_the_pinned_lists_are_whole_and_name_no_host() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    extras = project["project"]["optional-dependencies"]
    groups = project["dependency-groups"]
    run = [*project["project"]["dependencies"], *extras["media"], *groups["build"]]
    wanted = {
        "run": run,
        "dev": [*run, *extras["eval"], *groups["dev"]],
        "train": [*run, *extras["eval"], *extras["openvino"], *extras["train"]],
    }
    for name, requirements in wanted.items():
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        assert "://" not in text
        pinned = set(re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*\])?==", text, re.MULTILINE))
        needed = {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in requirements}
        assert needed <= pinned, f"requirements/{name}.txt is behind pyproject.toml: run `make lock`"


def test_every_make_target_is_explained() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert targets is not None
    for target in targets[1].split():
        assert re.search(rf"^{target}:.*## ", text, re.MULTILINE), f"`make help` does not know {target}"
