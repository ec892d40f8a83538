"""Identity: which records are one customer, and the card that follows from them."""
