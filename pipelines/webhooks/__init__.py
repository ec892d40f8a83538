"""Webhooks, for those who want minutes instead of a night: deliveries only mark what is to be read again."""
