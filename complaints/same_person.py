"""When two complaints are taken to come from one person: the same account, customer or telephone number."""

KNOWN_BY = """(o.account_id = c.account_id OR o.customer_id = c.customer_id
        OR (length(c.contact_phone) >= 7 AND o.contact_phone = c.contact_phone))"""
"""SQL about two complaints `o` and `c`. Short numbers are extensions and placeholders, which many share."""
