"""People (用户), as far as `identity` tells of them: how they are reached, merged and erased.

Promises: a claim is held against the phone that its person has bound; whoever was merged goes on
as the other, with every right; nothing is left to whoever was erased.
"""
