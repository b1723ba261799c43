"""How staff come in: an invitation by SMS, a password of their own, a second factor (UM-07)."""
