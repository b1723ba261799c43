"""Signing in (登录): residents by a code sent to their phone or by WeChat; phones bound later."""
