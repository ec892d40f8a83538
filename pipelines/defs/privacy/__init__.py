"""Assets and jobs of retention, forwarding, requests and accountability."""
