"""Facts, day rollups and how they are kept: `series` says what is counted, `facts` from which rows, `refresh` when.

`buckets` is the arithmetic of distributions, `check` compares figures with the rows they come from.
"""
