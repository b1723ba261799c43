"""A house register taken in the way its firm does it: upload, look at the dry run, commit."""

from __future__ import annotations

from typing import Any

from local.client import Client, Unexpected, post_file, wait_until


def upload(manager: Client, community_id: str, file_name: str, body: bytes) -> str:
    """Open an import and send its file; the path at which the import stands."""
    wanted = {"file_name": file_name}
    opened = manager.post(f"/community/communities/{community_id}/imports", wanted)
    post_file(opened["upload"], "register.xlsx", body)
    return f"/community/imports/{opened['import_id']}"


def wait_for_dry_run(manager: Client, path: str) -> dict[str, Any]:
    """The import with its dry run, in which nothing is wrong.

    Raises
    ------
    local.client.Unexpected
        The file was refused, has errors, or was not read in time.
    """
    shown = wait_while(manager, path, "awaiting_file")
    if shown["state"] != "ready" or shown["totals"]["errors"]:
        raise Unexpected(f"the register is {shown['state']}: {shown['refusal'] or shown['totals']}")
    return shown


def commit(manager: Client, path: str, shown: dict[str, Any]) -> dict[str, Any]:
    """The import after its commit, every building of it done.

    Raises
    ------
    local.client.Unexpected
        A building was not committed, or not in time.
    """
    manager.post(f"{path}/commit", {"version": shown["version"]})
    done = wait_while(manager, path, "committing")
    if done["state"] != "committed":
        raise Unexpected(f"the import is {done['state']}: {done['buildings']}")
    return done


def wait_while(manager: Client, path: str, state: str) -> dict[str, Any]:
    """The import once it has left a state.

    Raises
    ------
    local.client.Unexpected
        It did not in time.
    """
    """The import once it has left a state."""

    def left() -> dict[str, Any] | None:
        found: dict[str, Any] = manager.get(path)
        return None if found["state"] == state else found

    return wait_until(left, f"{path} to be no longer {state}")
