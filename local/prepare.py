"""Make the two virtual environments from their locks; does nothing when they are current.

Runs on the machine's own Python with nothing installed, so it uses the standard library only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ENVIRONMENTS = (
    ("the project's libraries", os.path.join(ROOT, ".venv"), "dev.txt"),
    ("the emulator", os.path.join(ROOT, "build", "emulator-venv"), "emulator.txt"),
)
# Our own code that is imported by name, as an editable installation would have it.
SOURCES = (ROOT, os.path.join(ROOT, "layers", "shared", "python"))


def prepare(about: str, folder: str, lock: str) -> None:
    """Make the environment in `folder` hold exactly what `lock` says."""
    lock = os.path.join(ROOT, "local", "requirements", lock)
    with open(lock, "rb") as content:
        wanted = hashlib.sha256(content.read() + sys.version.encode()).hexdigest()
    stamp = os.path.join(folder, "prepared")
    if os.path.exists(stamp):
        with open(stamp) as content:
            if content.read() == wanted:
                return
    print(f"Installing {about} (once; takes a minute) …", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    if run([sys.executable, "-m", "venv", folder]):
        sys.exit(
            "This Python cannot make virtual environments; "
            "install its venv package (Debian, Ubuntu: apt install python3-venv)."
        )
    python = os.path.join(folder, "bin", "python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install += ["--no-compile"]
    words = run([*install, "--no-deps", "--require-hashes", "--requirement", lock])
    if words:
        sys.exit(
            "The libraries could not be installed; the usual reason is a missing network. "
            "pip's last words: " + words[-1]
        )
    packages = subprocess.check_output(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    ).strip()
    if folder.endswith(".venv"):
        with open(os.path.join(packages, "linli.pth"), "w") as paths:
            paths.write("\n".join(SOURCES) + "\n")
    with open(stamp, "w") as content:
        content.write(wanted)


def run(command: list[str]) -> list[str]:
    """Run `command`; what it complained of, if it failed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return [line for line in lines if "ERROR" in line] or lines or ["no words at all"]


def main() -> None:
    """Make what is missing."""
    for about, folder, lock in ENVIRONMENTS:
        prepare(about, folder, lock)


if __name__ == "__main__":
    main()
