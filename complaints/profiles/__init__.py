"""Profiles: folders of readable files that set up a kind of utility; read, checked as a whole, and written as rows."""

from complaints.profiles.reader import BadProfile
from complaints.profiles.reading import FOLDER, PLACEHOLDERS, Profile, names, read
from complaints.profiles.writing import add_texts, load

__all__ = ["FOLDER", "PLACEHOLDERS", "BadProfile", "Profile", "add_texts", "load", "names", "read"]
