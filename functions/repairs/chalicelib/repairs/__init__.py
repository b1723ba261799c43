"""Repairs (报修): a resident reports with photos, a technician mends, both follow one trail.

Rows RA-22 (report with photos), RA-24 (progress in real time) and RA-25 (rate the service), with
the states, clocks and limits of D2 as far as this first path goes.
"""
