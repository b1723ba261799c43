"""The grammar of a capability, as checks over its source, and proof that each can fail."""
