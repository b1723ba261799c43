"""Claims (房屋认领): somebody says that a room is theirs, and the register or staff confirm it.

Promises: who owns the room by phone and name is bound at once; of everybody else's claim the answer
tells nothing of the register, and staff decide it once.
"""
