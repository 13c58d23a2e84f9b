"""Profiles: folders of readable files that set up a kind of utility; read, checked as a whole, and written as rows."""

from complaints.profiles.reading import FOLDER, PLACEHOLDERS, BadProfile, Profile, names, read
from complaints.profiles.writing import load

__all__ = ["FOLDER", "PLACEHOLDERS", "BadProfile", "Profile", "load", "names", "read"]
