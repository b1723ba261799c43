"""What all capabilities share: the way in, the caller, errors, events, ids, money, the table.

Nothing here names a capability.  `app` is the way in, `auth` says who calls and what they may do,
`errors` what can go wrong, `events` carries changes to others, `table` keeps them.
"""

from __future__ import annotations

from shared import startup

# Every import of the layer passes here first.
startup.begin()
