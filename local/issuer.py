"""The platform's own issuer after a deployment: its first key need not wait for the hour."""

from __future__ import annotations

import json
from typing import Any

from local.deploy import DeploymentError


def make_first_key(functions: Any, stage: str) -> None:
    """Have a stage's signing keys taken as far as they are due, as the schedule does each hour.

    Parameters
    ----------
    functions
        A client of Lambda.

    Raises
    ------
    DeploymentError
        The function failed.
    """
    event = {
        "version": "0",
        "id": "deployment",
        "detail-type": "Scheduled Event",
        "source": "linli.deployment",
        "account": "",
        "time": "",
        "region": "",
        "resources": [],
        "detail": {},
    }
    answer = functions.invoke(
        FunctionName=f"linli-{stage}-rotate-keys", Payload=json.dumps(event).encode()
    )
    if "FunctionError" in answer:
        raise DeploymentError(f"no signing key was made: {answer['Payload'].read().decode()}")
