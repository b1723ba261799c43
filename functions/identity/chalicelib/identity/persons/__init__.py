"""Who somebody is (用户): their details in one envelope, what they sign in by, and their end."""
