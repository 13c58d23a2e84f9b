"""What is measured: pages that are read, what is sent, and what workers do in bulk; each beside the least that it could cost."""
