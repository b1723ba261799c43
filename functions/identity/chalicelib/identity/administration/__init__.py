"""User administration (用户管理): to find, freeze, merge and erase people, and look closer."""
