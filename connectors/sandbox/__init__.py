"""The sandbox: the four simulators over one small invented Norwegian world, which is kept in a directory.

Knows no CRM table. Who lives in the world is told in `stories/` and `crowd.py`, what a day brings in
`days.py`.
"""
