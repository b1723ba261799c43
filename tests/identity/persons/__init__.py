"""Tests of people: their details, mandates, administration and end."""
