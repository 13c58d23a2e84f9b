"""The words of complaints: `words` takes the terms of trade out of a story, `counting` counts them per day and branch.

`trade.txt`, `common_zh.txt` and `common_en.txt` are lists of words, one on a line, for people to change.
"""
