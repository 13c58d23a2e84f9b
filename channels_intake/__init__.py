"""How complaints reach us: five channels, one door."""
