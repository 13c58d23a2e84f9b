"""The figures by which a machine watches the desk, counted when asked; /metrics in Prometheus' text form."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from analytics.models import Change, Check
from analytics.reading import as_of
from complaints import database_clock
from complaints.models import Alarm, Attachment, Complaint, HistoryCheck, HistorySeal, Notice
from complaints.models.outgoing import Medium, NoticeState


class Desk(Collector):
    """Reads the database at each scrape, so every web process gives the same answer."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = database_clock.now()
        due = Alarm.objects.due(now)
        oldest = due.first()
        notices = dict(
            Notice.objects.exclude(medium=Medium.LETTER).order_by().values_list("state").annotate(Count("pk"))
        )
        lag = (now - oldest.fire_at).total_seconds() if oldest else 0.0
        yield GaugeMetricFamily("redress_complaints_open", "Complaints not closed.", Complaint.objects.open().count())
        yield GaugeMetricFamily("redress_alarms_pending", "Alarms still to ring.", Alarm.objects.pending().count())
        yield GaugeMetricFamily(
            "redress_alarms_due", "Alarms whose moment is past and that have not rung.", due.count()
        )
        yield GaugeMetricFamily("redress_alarm_lag_seconds", "How late the oldest due alarm is.", lag)
        yield GaugeMetricFamily("redress_notices_queued", "Notices to send.", notices.get(NoticeState.QUEUED, 0))
        yield GaugeMetricFamily("redress_notices_dead", "Notices given up.", notices.get(NoticeState.DEAD, 0))
        waiting = Attachment.objects.waiting()
        oldest_file = waiting.first()
        lag = (now - oldest_file.added_at).total_seconds() if oldest_file else 0.0
        yield GaugeMetricFamily("redress_files_waiting", "Files that wait for the virus scan.", waiting.count())
        yield GaugeMetricFamily("redress_scan_lag_seconds", "How long the oldest of them has waited.", lag)
        counted = as_of()
        if counted is not None:
            lag = (now - counted).total_seconds()
            yield GaugeMetricFamily("redress_figures_lag_seconds", "How old the newest figures are.", lag)
        last = Check.objects.first()
        if last is not None:
            found = "Figures that the last nightly comparison found to differ from the complaints."
            yield GaugeMetricFamily("redress_figures_differing", found, last.differences)
        looked = HistoryCheck.objects.first()
        if looked is not None:
            found = "Chains and seals of the history that the last nightly check found broken."
            yield GaugeMetricFamily("redress_history_faults", found, looked.faults)
        sealed = HistorySeal.objects.filter(sealed_at__isnull=False).first()
        if sealed is not None:
            lag = (now - sealed.at).total_seconds()
            yield GaugeMetricFamily("redress_history_seal_age_seconds", "How old the newest seal is.", lag)
        yield GaugeMetricFamily("redress_figures_changes", "Changes not yet counted.", Change.objects.count())


registry = CollectorRegistry(auto_describe=False)
registry.register(Desk())


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For whoever brings REDRESS_METRICS_TOKEN; without such a token only for this machine itself; 404 for others."""
    if not _may_read(request):
        raise Http404
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN:
        return hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    is_forwarded = "X-Forwarded-For" in request.headers
    return not is_forwarded and ipaddress.ip_address(request.META["REMOTE_ADDR"]).is_loopback
