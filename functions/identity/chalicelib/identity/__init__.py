"""People (用户): how they sign in and out, what is known of them, and who acts for whom.

Rows RA-31 (sign-in and account), RA-35 (people who act for others), RA-37 (settings and
feedback), UM-01 to UM-04 (user administration) and UM-07 (accounts handed over), with the sessions,
keys and tokens of the platform's own issuer.
"""
