"""Opens and reads every file of a folder in a process that may hardly allocate anything, and reports what
came of it.

python -m tests.hostile.confined FOLDER MEGABYTES SECONDS: prints a map of file names to outcomes as JSON. An
outcome is a kind of error, "read", or the name of an exception that is not spformat's.
"""

import json
import resource
import sys
from pathlib import Path

from spformat.errors import SpformatError
from spformat.reader import Reader


def outcome(path):
    outcomes = []
    try:
        reader = Reader(path)
    except Exception as error:  # whatever it is, it is reported
        return [_label(error)]
    first = reader.names[0]
    for read in (
        reader.read,
        lambda: reader.read_nonzeros(first),
        reader.check_blocks,
        lambda: [*reader.check_tensors()],
    ):
        try:
            read()
            outcomes.append("read")
        except Exception as error:
            outcomes.append(_label(error))
    return outcomes


def _label(error):
    return error.kind if isinstance(error, SpformatError) else f"{type(error).__name__}: {error}"


def main(folder, megabytes, seconds):
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    allowed = pages * resource.getpagesize() + int(megabytes) * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + 1 + int(seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    print(json.dumps({path.name: outcome(path) for path in sorted(Path(folder).iterdir())}))


if __name__ == "__main__":
    main(*sys.argv[1:])
