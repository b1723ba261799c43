"""Everything that can fail when a promise of the platform is broken."""
