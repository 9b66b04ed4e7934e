"""Put the web together, and serve it; uvicorn's one home."""

import uvicorn

from publisher.config import Config
from publisher.web.files import PublicFiles


def serve(config: Config, *, host: str, port: int) -> None:
    """Serve until somebody says stop (SIGINT, SIGTERM)."""
    uvicorn.run(
        PublicFiles(config.public),
        host=host,
        port=port,
        lifespan="off",
        server_header=False,
        log_level="warning",
    )
