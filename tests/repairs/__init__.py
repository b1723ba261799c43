"""Tests of repairs: rules by values, stores on two backends, every way in through the app."""
