"""All providers on this machine at once, and the document by which our functions find them.

with Sandboxes() as sandboxes:
    sandboxes.configure(session.client("secretsmanager"), "local")
    sandboxes.messages.code("13812345678")
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from local.text_messages import TextMessages
from local.wechat import Wechat


def secret_name(stage: str) -> str:
    """What the providers' document is called in a stage."""
    return f"linli/{stage}/providers"


class Sandboxes:
    """WeChat and the text messages, for as long as the context lasts.

    Parameters
    ----------
    ports
        Where WeChat and the messages listen; 0 chooses a free one.
    now
        What time it is, in seconds since 1970.
    """

    def __init__(
        self, ports: tuple[int, int] = (0, 0), now: Callable[[], float] = time.time
    ) -> None:
        self.wechat, self.messages = Wechat(ports[0]), TextMessages(ports[1], now)
        self._running = ExitStack()

    def __enter__(self) -> Sandboxes:
        self._running.enter_context(self.wechat)
        self._running.enter_context(self.messages)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()

    def document(self) -> str:
        """The providers as our functions read them."""
        return json.dumps({"wechat": self.wechat.settings(), "sms": self.messages.settings()})

    def configure(self, secretsmanager: Any, stage: str) -> None:
        """Let the functions of a stage find these; what stood there before counts no more."""
        name = secret_name(stage)
        try:
            secretsmanager.create_secret(Name=name, SecretString=self.document())
        except secretsmanager.exceptions.ResourceExistsException:
            secretsmanager.put_secret_value(SecretId=name, SecretString=self.document())
