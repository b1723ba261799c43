"""Guidance (入驻引导): how far an approved company has come, heard from the other capabilities."""
