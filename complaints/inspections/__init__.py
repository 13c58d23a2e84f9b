"""Inspections: who is inspected how often (plans), what is due (schedule), what is done about it (work), how it went (figures).

A follow-up of a mended hazard (follow_ups) and a re-inspection of a defect are inspections like any other. Nothing that is
due is lost: an inspection stays open until somebody records it or cancels it with a reason.
"""
