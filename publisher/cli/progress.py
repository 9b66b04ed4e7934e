"""How far a command is, on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

#: How often the bar of a file moves, in lines.
_LINES = 1000


def reading(file: TextIO, size: int) -> Iterator[str]:
    """Yield the lines of a file, with a bar on a terminal that counts the bytes read."""
    if not file.seekable():
        # A pipe: nobody knows how much will come.
        yield from file
        return
    with bar("reading", total=size) as advance:
        read = 0
        for number, line in enumerate(file):
            if number % _LINES == 0:
                # Where the file is read to, ahead of the line by a buffer at the most.
                position = file.buffer.tell()
                advance(position - read)
                read = position
            yield line
        advance(size - read)


@contextmanager
def bar(name: str, *, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far something is, with its rate and the time left, if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _step: None
        return
    from rich import progress  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    class Rate(progress.ProgressColumn):
        def render(self, task: progress.Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:,.0f}/s" if speed else "")

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        Rate(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task(name, total=total)
        yield lambda step: shown.advance(task, step)
