"""The command of those who only deliver: worker."""

from typing import Annotated

import typer

from publisher.cli import common


def worker(
    ctx: typer.Context,
    *,
    concurrency: Annotated[
        int, typer.Option(min=1, max=64, help="Batches that are sent at once.")
    ] = 1,
    config: common.ConfigOption = None,
) -> None:
    """Deliver what is due as it falls due, beside any number of others (PostgreSQL)."""
    from publisher.delivery.workers import process  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        process.run(
            house.database,
            house.config,
            clock=lambda: common.clock(None),
            say=common.warn,
            concurrency=concurrency,
        )
