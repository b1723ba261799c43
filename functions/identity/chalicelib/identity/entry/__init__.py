"""Signing in (登录): residents by a code or by WeChat; phones bound and changed."""
