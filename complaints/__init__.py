"""What happened, and what we promised: complaints, moves, clocks, notices and feedback."""
