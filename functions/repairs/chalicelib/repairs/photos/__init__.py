"""Photos (照片) of repairs: uploaded to quarantine, cleaned, and only then seen by anyone."""
