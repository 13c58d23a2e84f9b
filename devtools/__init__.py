"""What ./dev is made of; standard library only, except messages.py, which runs inside the environment it set up."""
