"""From application to customer of Tripletex: how far each has come, the plan, carried out, never one twice."""
