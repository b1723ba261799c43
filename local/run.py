"""The platform in the foreground: brought up step by step, shown, and stopped by Ctrl-C.

python -m local.run --port 4566 --mqtt-port 8883 --emulator ministack
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rich.console import Console
from rich.text import Text

from local import welcome
from local.client import Unexpected
from local.deploy import DeploymentError, Report, Target, deploy
from local.emulator import HOST, Emulator, EmulatorError
from local.layers import PackagingError
from local.localstack import CANNOT, LocalStack
from local.package import Package, build
from local.people import Person, SignInError
from local.places import BUILD
from local.platform import STAGE, Platform, bring_up
from local.sandboxes import Sandboxes
from local.token import LOCAL_JSON

_HOME = BUILD / "local"
# Named one by one: what starts us in the background may have switched Ctrl-C off.
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CA_FILE = BUILD / "mqtt-ca.pem"
console = Console(highlight=False)


@contextmanager
def step(about: str) -> Iterator[Report]:
    """One step of the start: shows what it does now, then how long it took."""
    started = time.monotonic()
    with console.status(f"{about} …") as status:
        yield lambda words: status.update(Text(f"{about}: {words}"))
    console.print(f"[green]✓[/] {about} [dim]({time.monotonic() - started:.1f} s)[/]")


def run_ministack(port: int, mqtt_port: int) -> None:
    """Bring everything up on MiniStack, show it, and wait for Ctrl-C."""
    emulator = Emulator(_HOME, port, mqtt_port)
    with step("package layers, apps and templates"):
        package = build()
    try:
        with step("start MiniStack with AUTH=true"):
            state = emulator.start()
        _say_what_was_kept(state, emulator)
        with Sandboxes() as sandboxes:
            with step("deploy every stack through CloudFormation") as report:
                platform = bring_up(emulator, package, sandboxes, report)
            people = _people(platform)
            _write_local_json(platform, people)
            _show(platform, people)
            _wait(emulator)
    finally:
        _ignore_interrupts()
        _stop(emulator)


def _stop(emulator: Emulator) -> None:
    if not emulator.held:
        # Another run in this folder has the platform; it is not ours to end.
        return
    LOCAL_JSON.unlink(missing_ok=True)
    keep = "people" in emulator.notes
    if not emulator.alive():
        emulator.stop(keep=keep)
        return
    with step("stop the emulator and keep the state" if keep else "stop the emulator"):
        emulator.stop(keep=keep)


def run_localstack(port: int) -> None:
    """Deploy to LocalStack in a container and wait for Ctrl-C."""
    console.print("LocalStack 4.14.0 without an account cannot serve everything:")
    for missing, effect in CANNOT:
        console.print(f"  [yellow]{missing}[/]: {effect}")
    localstack = LocalStack(port)
    with step("start LocalStack in Docker"):
        localstack.start()
    try:
        with step("package layers, apps and templates"):
            package = build()
        with step("deploy every stack through CloudFormation") as report:
            _deploy_without_sign_in(localstack, package, report)
        console.print(f"\nThe AWS services answer at [bold]{localstack.url}[/]; Ctrl-C ends it.")
        while True:
            time.sleep(1)
    finally:
        _ignore_interrupts()
        with step("stop LocalStack"):
            localstack.stop()


def _deploy_without_sign_in(localstack: LocalStack, package: Package, report: Report) -> None:
    parameters = {"DomainName": HOST}
    deploy(package, Target(localstack.session(), STAGE, parameters, 1.0), report)


def _say_what_was_kept(state: str, emulator: Emulator) -> None:
    stopped = emulator.notes.get("stopped_at", "")
    if state == "resumed":
        console.print(f"  state of the last stop ({stopped})")
    elif state == "recovered":
        console.print(
            f"[yellow]  the last run did not stop cleanly: "
            f"starting from the clean stop before it ({stopped})[/]"
        )
    elif state == "outdated":
        console.print("[yellow]  the kept state is of an older version: seeding afresh[/]")
    elif state == "unsaved":
        console.print(
            "[yellow]  the last run did not stop cleanly and there is no stop before it: "
            "seeding afresh[/]"
        )


def _people(platform: Platform) -> list[Person]:
    """The sample people, made with the estate at the first start."""
    from local.estate.seeding import seed

    notes = platform.emulator.notes
    if "people" not in notes:
        with step("seed the estate") as report:
            people, notes["places"] = seed(platform, report)
            notes["people"] = [person.as_json() for person in people]
    return [Person(**person) for person in notes["people"]]


def _write_local_json(platform: Platform, people: list[Person]) -> None:
    _CA_FILE.write_bytes(platform.emulator.get("/_ministack/iot/ca.pem"))
    described: dict[str, Any] = platform.as_json()
    described["mqtt"]["ca_file"] = str(_CA_FILE)
    described["people"] = [person.as_json() for person in people]
    LOCAL_JSON.write_text(json.dumps(described, ensure_ascii=False, indent=2) + "\n")
    LOCAL_JSON.chmod(0o600)


def _show(platform: Platform, people: list[Person]) -> None:
    places = platform.emulator.notes["places"]
    console.print()
    console.print(welcome.table(people, places))
    console.print(f"\nBase URL   [bold]{platform.base_url}[/]")
    emulator = platform.emulator
    console.print(f"MQTT       mqtts://{HOST}:{emulator.mqtt_port}  (CA: {_CA_FILE})")
    accounts = platform.accounts
    console.print(
        f"WeChat     {accounts.wechat}  (sandbox: POST /sandbox/login, who opens the mini-program)"
    )
    console.print(f"SMS        {accounts.messages}/sandbox/messages?phone=…  (what a phone shows)")
    console.print(f"Log        {emulator.log}")
    for about, line in welcome.requests(people, platform.base_url):
        console.print(f"\n[dim]{about}[/]")
        # Not wrapped: a line must work when it is pasted.
        console.print(line, soft_wrap=True, markup=False)
    console.print("\nCtrl-C stops everything and keeps the state; `make clean` forgets it.")


def _wait(emulator: Emulator) -> None:
    while emulator.alive():
        time.sleep(0.5)
    raise EmulatorError(f"MiniStack ended by itself; its last words are in {emulator.log}")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _ignore_interrupts() -> None:
    # A second Ctrl-C while the state is being written would lose it.
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 1 to 65535")
    return int(text)


def main() -> None:
    """Run until Ctrl-C; every expected failure is one sentence."""
    parser = argparse.ArgumentParser(prog="python -m local.run", description=__doc__)
    parser.add_argument("--port", type=_port, default=4566)
    parser.add_argument("--mqtt-port", type=_port, default=8883)
    parser.add_argument("--emulator", choices=("ministack", "localstack"), default="ministack")
    wanted = parser.parse_args()
    for number in _ENDING:
        signal.signal(number, _interrupt)
    try:
        if wanted.emulator == "localstack":
            run_localstack(wanted.port)
        else:
            run_ministack(wanted.port, wanted.mqtt_port)
    except KeyboardInterrupt:
        console.print("stopped")
    except (EmulatorError, PackagingError, DeploymentError, SignInError, Unexpected) as error:
        console.print(f"[red]{error}[/]", soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
