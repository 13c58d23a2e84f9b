"""Who is supplied, and where: customers, accounts, premises, meters and the network."""
