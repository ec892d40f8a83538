"""From application to customer of Tripletex: first a plan, then carried out, and never one twice."""
