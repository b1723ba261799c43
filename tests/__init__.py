"""Everything that can fail when a promise of the platform is broken."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.harness", "tests.community", "tests.repairs")
