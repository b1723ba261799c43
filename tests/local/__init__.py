"""The tools that package, deploy, run and check the platform."""
