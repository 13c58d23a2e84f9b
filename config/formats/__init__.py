"""How dates and numbers are written where Django's own habits would be misread."""
