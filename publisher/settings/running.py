"""How it runs: the store, deliveries, reading from the web, and when it looks."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from publisher.settings.values import YEAR, Line, Section, comma_separated, distinct


class DatabaseSection(Section):
    """``[database]``: where the store is kept."""

    #: A SQLAlchemy URL, ``sqlite:///FILE`` or ``postgresql://USER@HOST/NAME``.
    url: str = "sqlite:///tidings.db"


class DeliverySection(Section):
    """``[delivery]``: how it is written down what was sent."""

    #: The folder of the journals; beside the SQLite file, or ``journal``, unless given. It must
    #: be on a disk of this host.
    journal: Path | None = None
    #: Whether a mail is sent only once the disk has its line in the journal: then also the death
    #: of the machine leaves no more unknown than that of a process. It is slower.
    sync: bool = False
    #: Seconds that a worker holds a batch for without saying that it is alive.
    lease: Annotated[float, Field(ge=1, le=YEAR)] = 60.0
    #: Seconds after that until other hosts take the batch.
    grace: Annotated[float, Field(ge=0, le=YEAR)] = 600.0
    #: Whether only ``tidings worker`` delivers: ``serve`` and ``tick`` leave it to that. It needs
    #: PostgreSQL.
    workers: bool = False
    #: Seconds without a sign of life after which a worker ends itself, to be begun anew.
    watchdog: Annotated[float, Field(ge=1)] = 120.0


class IngestSection(Section):
    """``[ingest]``: reading news from the web."""

    #: Hosts, or ``host:port``, that may have private addresses. All others must be public.
    private_hosts: Annotated[
        tuple[Line, ...], NoDecode, BeforeValidator(comma_separated), AfterValidator(distinct)
    ] = ()
    #: Seconds that one address may take, with all its redirects.
    timeout: Annotated[float, Field(gt=0, le=3600)] = 30.0
    #: The most bytes of one answer, unpacked.
    max_bytes: Annotated[int, Field(ge=1_000)] = 10_000_000
    #: Whether to keep to what sites ask of programs in their robots.txt (RFC 9309).
    robots: bool = True


class SchedulerSection(Section):
    """``[scheduler]``: the scheduled job of ``tidings serve``."""

    #: Seconds between two looks.
    interval: Annotated[float, Field(ge=0.1, le=YEAR)] = 5.0
