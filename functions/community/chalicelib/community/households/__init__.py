"""Households (家庭): who lives in a room, what each may do there, and how they leave it.

Promises: an owner adds, switches and ends those who live with them; a right ends in the write that
ends its binding; when the last owner leaves, the family leaves with them, and a lease stays.
"""
