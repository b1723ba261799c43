"""Sessions (会话): a person signed in on a device, until they sign out or it is found stolen."""
