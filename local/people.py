"""The sample people of a running platform, and how each of them signs in.

Residents come from the mini-program, staff with a password and the code of an authenticator.  What
a session goes on by is kept in a file of each person, so that asking for one more token neither
opens one more session nor waits for the authenticator's next code.
"""

from __future__ import annotations

import fcntl
import json
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import pyotp
import urllib3

from local.client import Client, Unexpected

_STEP_SECONDS = 30
_DEVICE = "make"


@dataclass(frozen=True)
class Person:
    """A sample person as `build/local.json` shows them.

    Whoever has a password is staff, and `totp` is their authenticator's secret (base 32).
    """

    name: str
    role: str
    scope: str
    username: str
    password: str
    phone: str
    totp: str

    @property
    def credentials(self) -> tuple[str, str] | None:
        """Password and authenticator's secret of staff; residents have none."""
        return (self.password, self.totp) if self.password else None

    def as_json(self) -> dict[str, str]:
        """The person for a JSON file."""
        return asdict(self)


class SignInError(Exception):
    """The platform does not let this person in."""


@dataclass(frozen=True)
class Accounts:
    """Accounts on a running platform, where providers are sandboxes.

    Parameters
    ----------
    wechat, messages
        The addresses of the sandboxes (`local.sandboxes`).
    kept
        The folder of what sessions go on by.
    """

    base_url: str
    wechat: str
    messages: str
    kept: Path

    def arrive(self, username: str, name: str, phone: str) -> str:
        """Let a resident come from the mini-program for the first time, who says who they are.

        Returns
        -------
        str
            Their id on the platform.
        """
        resident = Client(self.base_url, self.token(username))
        offered = self._of_wechat("phone", phone=phone)
        resident.post("/identity/me/phone/wechat", {"code": offered})
        me = resident.patch("/identity/me", {"name": name})
        return str(me["person_id"])

    def enrol(self, username: str, phone: str) -> tuple[str, str]:
        """Accept the invitation that a phone shows.

        Returns
        -------
        tuple
            The password, and the secret of the authenticator.
        """
        nobody, password = Client(self.base_url), f"Ll1-{secrets.token_urlsafe(12)}"
        proof = {"phone": phone, "code": self.invitation(phone)}
        chosen = {**proof, "username": username, "password": password}
        accepted = nobody.post("/identity/invitations/acceptance", chosen)
        totp = pyotp.parse_uri(accepted["otpauth_uri"]).secret
        # The step before is good too, and leaves the one of now for signing in.
        shown = pyotp.TOTP(totp).at(int(time.time()) - _STEP_SECONDS)
        nobody.post("/identity/invitations/confirmation", {**proof, "totp": shown})
        # Whoever came from the mini-program before goes on as a resident by that session.
        (self.kept / username).unlink(missing_ok=True)
        return password, totp

    def token(self, username: str, credentials: tuple[str, str] | None = None) -> str:
        """An access token.

        Parameters
        ----------
        credentials
            Password and authenticator's secret of staff; residents come from the mini-program.

        Raises
        ------
        SignInError
            The platform refused, or does not answer; the message says why.
        """
        with self._session(username) as session:
            try:
                tokens = self._go_on(session.read())
                if tokens is None:
                    tokens = self._sign_in(username, credentials)
            except (Unexpected, urllib3.exceptions.HTTPError) as error:
                raise SignInError(f"{username} is not let in: {error}") from error
            session.seek(0)
            session.truncate()
            session.write(tokens["refresh_token"])
        return str(tokens["access_token"])

    @contextmanager
    def _session(self, username: str) -> Iterator[IO[str]]:
        """The file of what a session goes on by, ours alone for as long as the context lasts."""
        self.kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.kept / username).open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            yield file

    def _go_on(self, refresh_token: str) -> Any:
        if not refresh_token:
            return None
        answer = Client(self.base_url).ask(
            "POST", "/identity/sessions/refresh", {"refresh_token": refresh_token}
        )
        return answer.json if answer.status == 200 else None

    def _sign_in(self, username: str, credentials: tuple[str, str] | None) -> Any:
        if credentials is None:
            code = self._of_wechat("login", user=username)
            wanted = {"code": code, "device": _DEVICE}
            return Client(self.base_url).post("/identity/sessions/wechat", wanted)
        password, totp = credentials
        wanted = {"username": username, "password": password, "device": _DEVICE}
        return self._by_password(wanted, totp)

    def _by_password(self, wanted: dict[str, str], totp: str) -> Any:
        """The tokens of staff; a code of the authenticator is good once, the next comes soon."""
        nobody, path = Client(self.base_url), "/identity/sessions/password"
        answer = nobody.ask("POST", path, {**wanted, "totp": pyotp.TOTP(totp).now()})
        if answer.status == 409 and answer.json["code"] == "sign_in_refused":
            time.sleep(_STEP_SECONDS - time.time() % _STEP_SECONDS)
            return nobody.post(path, {**wanted, "totp": pyotp.TOTP(totp).now()})
        if answer.status != 201:
            raise Unexpected(f"signing in was answered {answer.status}: {answer.json}")
        return answer.json

    def _of_wechat(self, what: str, **about: str) -> str:
        """A code as the mini-program gets it in a phone."""
        body = json.dumps(about).encode()
        answer = urllib3.request("POST", f"{self.wechat}/sandbox/{what}", body=body, retries=False)
        return str(answer.json()["code"])

    def invitation(self, phone: str) -> str:
        """The code of the newest invitation that a phone shows; empty if it shows none."""
        asked = f"{self.messages}/sandbox/messages"
        shown = urllib3.request("GET", asked, fields={"phone": phone}, retries=False).json()
        codes = [re.search(r"邀请码 (\d+)", message) for message in reversed(shown["messages"])]
        return next((found.group(1) for found in codes if found), "")
