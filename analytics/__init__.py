"""What it adds up to: measures, reports and the board; reads only."""
