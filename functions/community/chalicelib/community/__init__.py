"""The estate and its people: companies, communities, the house register, grants and bindings.

Promises: a room, a grant or a binding exists once, changes by one conditional write that carries
its event, and a removed right is gone from every request within a minute.  The one authorizer of
all capabilities lives here.  Rows PJ-03, PJ-27, RA-31, RA-32, UM-02, OB-03, OB-04 and the first
form of PJ-01; RULES.md D8 and D12.
"""
