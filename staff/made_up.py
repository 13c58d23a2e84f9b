"""How the people of the demo are known: their password stands in the source, so where it matters they are kept out."""

MADE_UP = "@demo.example.org"
"""The address of everybody whom the demo made up ends with this."""
