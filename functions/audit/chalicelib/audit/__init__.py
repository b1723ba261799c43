"""The activity log (操作日志): who did what to what, in whose name, and nobody can bend it.

Row UM-03: everything that any capability announces stands here once, can only be added to, is
sealed hour by hour, and is searched by auditors; a check finds every row that was changed, taken
away or put in later.
"""
