"""Holdings (权限与绑定): who has which role where, from its beginning to its end.

Promises: a holding, the right that it is, the event that tells of it and the household that it
belongs to change in one write; no company fills what a person may hold.
"""
