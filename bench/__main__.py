"""``./run bench NAME [--quick] [--json]``: measure, and say under which conditions."""

import argparse
import importlib
import json
import sys

from bench.conditions import conditions

#: Each is a module of this folder with ``measure(quick) -> figures``; ``import`` is a word of
#: Python's own, so its module has another name. One whose figures may tell of a fault has
#: ``faults(figures) -> sentences``, too.
MODULES = {
    "build": "build",
    "campaign": "campaign",
    "crash": "crash",
    "feeds": "feeds",
    "freeze": "freeze",
    "import": "importing",
    "serve": "serve",
    "smtp": "smtp",
    "tick": "tick",
}


def main() -> None:
    """Run one benchmark."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("name", choices=MODULES)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, within 3 minutes")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    wanted = parser.parse_args()
    module = importlib.import_module(f"bench.{MODULES[wanted.name]}")
    about = {**conditions(), **module.CONDITIONS}
    sys.stderr.write("".join(f"{key}: {value}\n" for key, value in about.items()))
    figures = module.measure(quick=wanted.quick)
    record = {
        "name": wanted.name,
        "quick": wanted.quick,
        "conditions": about,
        "figures": figures,
    }
    if wanted.json:
        sys.stdout.write(json.dumps(record) + "\n")
    else:
        for key, value in figures.items():
            sys.stdout.write(f"{key}: {value}\n")
    sys.stdout.flush()
    faults = module.faults(figures) if hasattr(module, "faults") else []
    sys.stderr.write("".join(f"fault: {fault}\n" for fault in faults))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
