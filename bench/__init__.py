"""What it costs: programs that measure, each with its figures in the README beside it."""
