"""Providers: whoever sends our text messages and knows the accounts of the mini-program."""
