"""Family F12, emulator honesty: what our stand-ins for AWS answer, held against AWS's own word.

It attacks moto and MiniStack, not us.  Each case is a question to a service (real calls through
boto3, plain HTTP where strangers ask) whose answer AWS documents; the document is named beside
it.  Every case is asked of every stand-in that can be asked.  An answer that differs must stand
in `divergences.toml`, exactly as it is, with the reason why nothing relies on it; an answer that
differs and is not listed fails, one that is listed and differs no more fails too.  So a new version
of a stand-in passes, or is read.  The count is cases asked, once for each stand-in.

    python -m tests.honesty    writes the list into local/README.md
"""

from tests.honesty import (
    access,
    buses,
    devices,
    files,
    functions,
    gateways,
    machines,
    queues,
    reads,
    streams,
    things,
    transactions,
)

__all__ = [
    "access",
    "buses",
    "devices",
    "files",
    "functions",
    "gateways",
    "machines",
    "queues",
    "reads",
    "streams",
    "things",
    "transactions",
]
