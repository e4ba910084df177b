"""A bar on stderr with rate and time left, for work that takes a while, where stderr is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from time import monotonic

Callback = Callable[[str, int, int], None]

PATIENCE = 0.5  # seconds before the bar shows: most work is done by then
REFRESH = 0.05  # seconds between two movements


@contextmanager
def progress(wanted: bool = True) -> Iterator[Callback | None]:
    """What to give the library as `progress`; None where nobody is looking. The bar is gone afterwards."""
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from rich import progress as bars
    from rich.console import Console

    bar = bars.Progress(
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TransferSpeedColumn(),
        bars.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks: dict[str, bars.TaskID] = {}
    updated = 0.0

    def callback(label: str, done: int, total: int) -> None:
        nonlocal updated
        now = monotonic()
        if label not in tasks:
            tasks[label] = bar.add_task(label, total=total)
        elif done < total and now < updated + REFRESH:
            return  # a small tensor takes less time than moving the bar
        updated = now
        bar.update(tasks[label], completed=done)

    timer = Timer(PATIENCE, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield callback
    finally:
        timer.cancel()
        timer.join()
        if bar.live.is_started:
            bar.stop()
