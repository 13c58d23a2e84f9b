"""Who works here: people, branches, teams, roles and what each may see."""
