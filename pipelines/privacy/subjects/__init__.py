"""Requests of data subjects (GDPR art. 15 to 21): find the person, show, correct, restrict, erase, sign."""
