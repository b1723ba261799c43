"""What people choose: their language, what they are told of and how, quiet hours (RA-37)."""
