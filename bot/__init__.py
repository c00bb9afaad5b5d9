"""The service. structlog loads rich, 5 MiB of a small server, for consoles that nobody reads here: it is not let find it."""

import sys

if "structlog" not in sys.modules and "rich" not in sys.modules:
    sys.modules["rich"] = None  # type: ignore[assignment]
    import structlog  # noqa: F401

    del sys.modules["rich"]
