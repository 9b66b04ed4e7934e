"""``tidings`` and ``python -m publisher``: the commands, and what their errors mean outside."""

import sys

from publisher.errors import (
    BusyError,
    ConfigError,
    MailboxError,
    SchemaError,
    TidingsError,
    UnreachableError,
)

#: From sysexits.h: try again later, and something is wrong with the configuration.
TRY_AGAIN, CONFIGURATION, FAILED = 75, 78, 1

#: What shells say of whoever was ended by Ctrl-C.
INTERRUPTED = 130


def main() -> None:
    """Run a command; a mistake is one clear line and an exit code, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A name or a path may hold what the terminal cannot show; that is no reason to fail.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        _run()
    except TidingsError as error:
        _tell(error)
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.stderr.write("tidings: broken off: what was not finished is left out; run it again\n")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        sys.stderr.close()
        sys.exit(FAILED)


def _run() -> None:
    """Run a command. Raises KeyboardInterrupt for Ctrl-C, also while the commands are read."""
    from publisher.cli import app  # noqa: PLC0415

    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            # So the library calls what it has caught.
            raise KeyboardInterrupt from None
        raise


def _tell(error: TidingsError) -> None:
    """Say what is wrong, a line for each mistake: names in it may hold what a terminal obeys."""
    from publisher.cli import common  # noqa: PLC0415

    sentences = [str(error)]
    if isinstance(error, ConfigError):
        sentences = [f"{error.source}: {mistake}" for mistake in error.mistakes]
    for sentence in sentences:
        common.warn(sentence)


def exit_code(error: TidingsError) -> int:
    """Return the exit code of the contract for an error."""
    if isinstance(error, ConfigError | SchemaError):
        return CONFIGURATION
    return TRY_AGAIN if isinstance(error, BusyError | MailboxError | UnreachableError) else FAILED


if __name__ == "__main__":
    main()
