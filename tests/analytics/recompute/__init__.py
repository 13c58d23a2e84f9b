"""Every figure a second time, from the exported files alone."""
