"""What the simulators share: the loopback server, fault switches and the gate before each app.

Knows HTTP only. No belief about one of the four APIs is written here, and no client imports it.
"""
