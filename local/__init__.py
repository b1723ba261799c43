"""The cloud on one machine, and the way to the real one: package, deploy, run, test."""
