"""Registration of customers in Tripletex: first as a plan, then carried out, and never one twice."""
