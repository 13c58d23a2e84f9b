"""Pages about complaints: the desk's queue, one complaint, service issues, and what customers see."""
