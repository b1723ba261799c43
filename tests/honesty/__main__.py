"""Write the list of divergences into local/README.md."""

from __future__ import annotations

from tests.honesty import divergences

if __name__ == "__main__":
    divergences.write()
