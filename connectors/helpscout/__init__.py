"""Help Scout: the typed client of its inbox API, and a simulator of that API."""
