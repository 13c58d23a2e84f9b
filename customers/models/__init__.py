"""Who is supplied, and where."""

from customers.models.network import AreaClass, Feeder, Substation, TransformerArea
from customers.models.people import Account, Customer, CustomerKind, Meter, Premise
from customers.models.reads import Reading
from customers.models.records import CustomerEvent, CustomerExport, CustomerImport, CustomerMerge, ImportRow
from customers.models.search import SearchEntry

__all__ = [
    "Account",
    "AreaClass",
    "Customer",
    "CustomerEvent",
    "CustomerExport",
    "CustomerImport",
    "CustomerKind",
    "CustomerMerge",
    "Feeder",
    "ImportRow",
    "Meter",
    "Premise",
    "Reading",
    "SearchEntry",
    "Substation",
    "TransformerArea",
]
