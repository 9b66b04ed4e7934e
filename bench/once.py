"""``python -m bench.once CONFIG INSTANT``: the first tick of a new process, in milliseconds."""

import json
import sys
from datetime import datetime
from pathlib import Path
from time import perf_counter, process_time

import scheduler
from publisher.config_file import load
from store.database import open_database


def main() -> None:
    """Tick once; what was imported and opened before does not count."""
    config = load(Path(sys.argv[1]), environment=False)
    database = open_database(config.database_url)
    started, used = perf_counter(), process_time()
    done = scheduler.tick(database, config, now=datetime.fromisoformat(sys.argv[2]))
    figures = {
        "ms": (perf_counter() - started) * 1000,
        "cpu_ms": (process_time() - used) * 1000,
        "published": len(done.published),
        "problems": done.problems + done.busy,
    }
    database.close()
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main()
