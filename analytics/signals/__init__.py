"""Early warning: `rates`, `rising` and `places` find what stands out, `keeping` makes it rows once, `looking` says when.

`handling` is what people do about a signal. Nothing here reads raw complaints: numbers come from the day rollups and facts,
terms from the days that `analytics.terms` counts.
"""
