"""Identity with its operators, who have their grants."""

from __future__ import annotations

import pytest

from tests.harness.rights import hold
from tests.identity.persons.scene import ADMIN, BUTLER, SECOND, STRANGER, People
from tests.identity.scene import Identity


@pytest.fixture
def people(identity: Identity) -> People:
    """Identity, two administrators, a butler and one of elsewhere."""
    for who in (ADMIN, SECOND, BUTLER, STRANGER):
        hold(who.person_id, *who.grants)
    return People(identity)
