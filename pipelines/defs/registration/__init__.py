"""Assets and the job of the registration of customers in Tripletex."""
