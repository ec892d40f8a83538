"""Applications: how far each order or sample-solution form has come, from form to customer."""
