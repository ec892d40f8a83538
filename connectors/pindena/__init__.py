"""Pindena's registration system: the typed client of its participant lists, and a simulator of them."""
