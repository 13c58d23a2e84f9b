"""Early warning: `rates`, `rising` and `places` find what stands out, `keeping` makes it rows once, `looking` says when.

`telling` says who hears of it, `handling` is what people do about it. Nothing here reads raw complaints: numbers come from the
day rollups and facts, terms from the days that `analytics.terms` counts.
"""
