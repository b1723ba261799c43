"""Who may do what to people's accounts (RULES.md D8); most routes are about the caller alone."""

from __future__ import annotations
