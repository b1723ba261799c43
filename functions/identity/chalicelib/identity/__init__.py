"""People (用户): how they sign in and out, what is known of them, and who acts for whom.

Rows RA-35 (mini-program first), RA-37 (settings), UM-01 (registered users), UM-04 (feedback) and
UM-07 (accounts handed over), with the sessions, keys and tokens of the platform's own issuer.
"""
