"""django-helpdesk, the nearest peer on the same stack, in an environment of its own: settings, tickets, and what is asked of it.

These modules are read by that environment's Python. It gets what favours it: no worker, mail that goes nowhere, and as many open
tickets as our desk has open complaints, with three follow-ups each where ours have a dozen events.
"""
