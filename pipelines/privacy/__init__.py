"""The privacy statement at work: suppression, retention, forwarding, requests, audit and records.

Plain functions over connections and frames; what may be read, kept and sent is policy.yaml's to say.
"""
