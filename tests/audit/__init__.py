"""Tests of the log: every bent row is found, every way in through the app, on two backends."""
