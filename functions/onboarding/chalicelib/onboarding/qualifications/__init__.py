"""Qualifications (资质): files that go through quarantine, and are shown once examined."""
