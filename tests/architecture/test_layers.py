"""The house keeps its shape: what may import what, and what must never stand in the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "bayancore_erp"
PURE = [
	PACKAGE / part
	for part in ("zatca/core", "zatca/simulator", "zatca/cli", "archive/core", "ai_errors/core")
]
PURE_FILES = [file for place in PURE for file in sorted(place.rglob("*.py")) if file.stem != "__main__"]
APP_FILES = sorted(PACKAGE.rglob("*.py"))


def calls(tree: ast.AST, name: str) -> list[int]:
	"""Lines on which the built-in `name` is called."""
	return [
		node.lineno
		for node in ast.walk(tree)
		if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
	]


def test_pure_core_loads_without_frappe() -> None:
	modules = [
		".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
		for file in PURE_FILES
	]
	program = f"import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\nprint('frappe' in sys.modules)"
	answer = subprocess.run(
		[sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
	)
	assert answer.stdout.strip() == "False", answer.stderr[-2000:]


@pytest.mark.parametrize(
	"file", [f for f in PURE_FILES if "zatca/core" in f.as_posix()], ids=lambda f: f.stem
)
def test_core_knows_no_binary_floats(file: Path) -> None:
	tree = ast.parse(file.read_text())
	assert not calls(tree, "float"), "amounts are Decimal in the core"


@pytest.mark.parametrize("file", APP_FILES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_nothing_left_for_later(file: Path) -> None:
	text = file.read_text()
	assert not re.search(r"\b(TODO|FIXME|raise NotImplementedError)\b", text)
	assert "-----BEGIN EC PRIVATE KEY" not in text and "-----BEGIN PRIVATE KEY" not in text


def whitelisted(tree: ast.AST) -> list[ast.FunctionDef]:
	"""Functions a browser may call."""
	return [
		node
		for node in ast.walk(tree)
		if isinstance(node, ast.FunctionDef)
		and any("whitelist" in ast.unparse(d) for d in node.decorator_list)
	]


@pytest.mark.parametrize("file", APP_FILES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_whitelisted_methods_are_annotated(file: Path) -> None:
	for function in whitelisted(ast.parse(file.read_text())):
		given = [arg for arg in function.args.args + function.args.kwonlyargs if arg.arg != "self"]
		bare = [arg.arg for arg in given if arg.annotation is None]
		assert not bare, f"{function.name}: {bare} (Frappe 16 refuses the call)"


def test_scheduled_jobs_have_names_of_their_own() -> None:
	"""Frappe names them after the last two parts of the path; of two of one name the later replaces the earlier."""
	hooks: dict[str, object] = {}
	exec((PACKAGE / "hooks.py").read_text(encoding="utf-8"), hooks)
	paths: list[str] = []
	for events in hooks["scheduler_events"].values():  # type: ignore[attr-defined]
		for part in events.values() if isinstance(events, dict) else [events]:
			paths += part
	names = [".".join(path.split(".")[-2:]) for path in paths]
	assert len(set(names)) == len(names), sorted(names)
