"""What people think of the platform, and what the operator answers them (UM-04)."""
