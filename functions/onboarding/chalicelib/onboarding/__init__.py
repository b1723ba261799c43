"""Onboarding (入驻): a property company applies, is reviewed, approved and led to its first day.

Promises: one credit code has one open application, each step is one conditional write with its
event and its link of a chained trail, nobody decides on their own application, and an approved
company learns what is done and what comes next.  Rows OB-01 and UM-07.
"""
