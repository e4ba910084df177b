"""The command: see the package."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .everything import vectors

FOLDER = Path(__file__).parents[2] / "spec" / "vectors"


def files(folder: Path) -> dict[Path, bytes]:
    """What there is to write: the two files of each vector."""
    found: dict[Path, bytes] = {}
    for vector in vectors():
        for suffix, data in ((".spf", vector.data), (".json", vector.described().encode())):
            path = folder / (vector.path + suffix)
            assert path not in found, path
            found[path] = data
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.make_vectors")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a vector is not as generated")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    asked = parser.parse_args()
    wanted = files(asked.folder)
    missing = [path for path in wanted if not path.exists()]
    changed = [path for path in wanted if path.exists() and path.read_bytes() != wanted[path]]
    for path in changed:
        print(f"{path}: is not what would be written today", file=sys.stderr)
    if asked.check:
        for path in missing:
            print(f"{path}: is not there", file=sys.stderr)
        return 1 if changed or missing else 0
    for path in missing:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wanted[path])
    print(f"{len(missing)} files written, {len(wanted) - len(missing)} were there and are left alone")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
