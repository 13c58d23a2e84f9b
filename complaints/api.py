"""The machine interface to complaints."""

from __future__ import annotations

from rest_framework import viewsets

from complaints.models import Complaint


class ComplaintViewSet(viewsets.GenericViewSet[Complaint]):
    queryset = Complaint.objects.none()
