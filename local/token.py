"""A token for one of the sample people of the platform that runs now.

python -m local.token wang.fang
"""

from __future__ import annotations

import json
import sys
from typing import Any

from local.people import SignInError, sign_in
from local.places import BUILD

LOCAL_JSON = BUILD / "local.json"


def find_person(platform: dict[str, Any], who: str) -> dict[str, str]:
    """The person called `who`: a user name, a name or a role (the first who has it).

    Raises
    ------
    LookupError
        Nobody is called so; the message says who there is.
    """
    people: list[dict[str, str]] = platform["people"]
    for field in ("username", "name", "role"):
        for person in people:
            if person[field] == who:
                return person
    names = ", ".join(person["username"] for person in people)
    raise LookupError(f"nobody is called {who!r}; there are {names}")


def main() -> None:
    """Print a token for the person named on the command line."""
    if len(sys.argv) != 2 or not sys.argv[1]:
        sys.exit("whose token? say `make token WHO=…` with a user name, a name or a role")
    if not LOCAL_JSON.exists():
        sys.exit("the platform is not running here: start it with `make run`")
    platform = json.loads(LOCAL_JSON.read_text())
    try:
        person = find_person(platform, sys.argv[1])
        token = sign_in(
            platform["emulator_url"],
            platform["client_id"],
            person["username"],
            person["password"],
        )
    except (LookupError, SignInError) as error:
        sys.exit(str(error))
    print(token)


if __name__ == "__main__":
    main()
