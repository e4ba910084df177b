"""The floors of the house: a file imports only from floors below its own (CONTRIBUTING.md)."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "spformat"

# Beside the tower: what makes tensors knows nothing of files. It may use these, and only whole jobs may use it.
BESIDE = {"quantization": {"errors"}, "pruning": {"errors", "torch_arrays"}}
BESIDE_MAY_IMPORT = {"numpy", "torch", "matplotlib"} | set(sys.stdlib_module_names)

# From the ground up. On the floor of whole jobs and adapters they may use each other, but not in circles.
FLOORS = [
    {"errors"},
    {"limits", "dtypes", "quantization"},
    {"_native"},
    {"codecs", "container"},
    {"layouts"},
    {"planning"},
    {"arena", "atomic_file", "duplicates", "tensor_file", "assembly_line", "encode"},
    {"file_body", "file_entries"},
    {"tensor_jobs"},
    {"reader", "writer"},
    {"numpy", "torch", "torch_arrays", "torch_densify", "slices", "sparse", "safe_open", "sources", "sinks"}
    | {"pack", "unpack", "diff", "inspection", "verify", "prune", "pruned_source", "pruning", "size_budget"}
    | {"patterns", "quantize", "quantized", "size_ledger", "torch_quantized"},
    {"spformat"},  # the public names
    {"cli"},
    {"__main__"},
]
JOBS = FLOORS[10]
FLOOR = {unit: number for number, units in enumerate(FLOORS) for unit in units}
CORE = ({unit for units in FLOORS[:10] for unit in units} - set(BESIDE)) | {"numpy", "slices", "verify", "inspection"}
CORE_MAY_IMPORT = {"numpy", "msgpack", "ml_dtypes"} | set(sys.stdlib_module_names)

FILES = sorted(PACKAGE.rglob("*.py"))
NAMES = [str(path.relative_to(PACKAGE)) for path in FILES]


def unit_of(path):
    """The part of the house that a file belongs to: its folder in the package, or itself."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py").replace("__init__", "spformat")


def imports(path, package=None):
    """(units of spformat, other top-level packages) that a file imports, at its head or anywhere inside."""
    ours, others = set(), set()
    if package is None:
        package = ["spformat", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = base + (node.module.split(".") if node.module else [])
            modules = [[*base, alias.name] for alias in node.names]
        else:
            continue
        for first, *rest in modules:
            if first != "spformat":
                others.add(first)
            else:
                ours.add(rest[0] if rest and not rest[0].startswith("__") else "spformat")
    return ours, others


def test_every_file_has_a_floor():
    assert {unit_of(path) for path in FILES} <= set(FLOOR)


def test_no_floor_names_what_does_not_exist():
    there = {unit_of(path) for path in FILES} | {"_native"}
    assert set(FLOOR) - there == set()


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_imports_point_downwards(path):
    unit = unit_of(path)
    for other in imports(path)[0] - {unit}:
        sideways = other in JOBS and unit in JOBS
        assert FLOOR[other] < FLOOR[unit] or sideways, f"{path.name} imports {other}"


def test_whole_jobs_do_not_use_each_other_in_circles():
    uses: dict[str, set[str]] = {unit: set() for unit in JOBS}
    for path in FILES:
        if unit_of(path) in JOBS:
            uses[unit_of(path)] |= imports(path)[0] & JOBS - {unit_of(path)}
    while uses:
        free = {unit for unit, used in uses.items() if not used & set(uses)}
        assert free, f"in a circle: {sorted(uses)}"
        uses = {unit: used for unit, used in uses.items() if unit not in free}


def test_reader_and_writer_do_not_know_each_other():
    assert "writer" not in imports(PACKAGE / "reader.py")[0]
    assert "reader" not in imports(PACKAGE / "writer.py")[0]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_the_core_needs_only_numpy_msgpack_and_ml_dtypes(path):
    if unit_of(path) in CORE:
        assert imports(path)[1] <= CORE_MAY_IMPORT


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_what_is_beside_the_tower_knows_nothing_of_files_and_the_core_nothing_of_it(path):
    (ours, others), unit = imports(path), unit_of(path)
    if unit in BESIDE:
        assert ours <= BESIDE[unit] | {unit}
        assert others <= BESIDE_MAY_IMPORT
    elif unit in CORE:
        assert not ours & set(BESIDE)


def test_the_educational_decoder_knows_nothing_of_the_package():
    ours, others = imports(ROOT / "spec" / "decoder" / "spf_decode.py", package=[])
    assert ours == set()
    assert others - set(sys.stdlib_module_names) == {"msgpack"}


KERNELS = sorted([*(PACKAGE / "kernels").glob("*.cpp"), *(PACKAGE / "kernels").glob("*.h")])


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.name)
def test_few_kernel_files_know_python(path):
    included = re.findall(r'#\s*include\s*[<"]([^>"]+)[>"]', path.read_text())
    knows = [name for name in included if re.match(r"(Python\.h|nanobind|pybind11|numpy)", name)]
    assert not knows or path.name in ("bindings.h", "module.cpp", "index_module.cpp", "planner_module.cpp")


MAY_ALLOCATE = {
    "arena.h",
    "engine.cpp",
    "fresh_pages.cpp",
    "planner_engine.cpp",
    "scratch.h",
    "module.cpp",
    "planner_module.cpp",
}


def test_only_the_engines_and_the_index_allocate():
    """Kernels are loops over given buffers."""
    for path in KERNELS:
        if path.name not in MAY_ALLOCATE and not path.name.startswith("index"):
            found = re.search(r"\b(std::vector|std::string(?!_view)|new |malloc|make_unique|throw\b)", path.read_text())
            assert not found, f"{path.name}: {found}"


LOADED = "import sys, {0}; print(*sorted(name for name in {1} if name in sys.modules))"


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("spformat", ["torch", "scipy", "safetensors", "numpy", "msgpack", "click", "rich"]),
        ("spformat.errors", ["torch", "numpy", "msgpack"]),
        ("spformat.reader", ["torch", "scipy", "safetensors", "click", "rich", "spformat.writer"]),
        ("spformat.writer", ["torch", "scipy", "safetensors", "click", "rich", "spformat.reader"]),
        ("spformat.numpy", ["torch", "scipy", "safetensors", "click", "rich"]),
        ("spformat.quantization", ["torch", "scipy", "msgpack", "spformat.reader", "spformat.writer"]),
        ("spformat.cli", ["torch", "scipy", "safetensors"]),
    ],
)
def test_importing_loads_no_more_than_it_needs(module, absent):
    code = LOADED.format(module, absent)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []
