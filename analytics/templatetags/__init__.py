"""Template filters of this package."""
