"""What the query language means, written a second time: spans as plain objects, and whole lists of
them looked at for every question. It shares nothing with Tracewell, and **never asks it**.
"""
