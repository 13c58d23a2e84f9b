"""The figures by which a machine watches the desk, counted when asked; /metrics in Prometheus' text form."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterator
from datetime import datetime

import redis
from django.conf import settings
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from analytics.models import Change, Check
from analytics.reading import as_of
from complaints import database_clock
from complaints.models import Alarm, Attachment, Complaint, HistoryCheck, HistorySeal, Notice
from complaints.models.outgoing import Medium, NoticeState
from config import counting

MOST = 100_000
"""What may be very many is counted to here: a scrape must cost the same at a million complaints."""
CONNECTIONS = (
    "SELECT coalesce(state, 'other'), count(*) FROM pg_stat_activity WHERE datname = current_database() GROUP BY 1"
)


class Desk(Collector):
    """Reads the database at each scrape, so every web process gives the same answer. Each number is read by an index."""

    def collect(self) -> Iterator[Metric]:
        now = database_clock.now()
        yield from self._work(now)
        yield from self._outbox(now)
        yield from self._figures(now)
        yield from self._connections()

    def _work(self, now: datetime) -> Iterator[Metric]:
        due = Alarm.objects.due(now)
        oldest = due.first()
        lag = (now - oldest.fire_at).total_seconds() if oldest else 0.0
        yield _gauge("complaints_open", "Complaints not closed.", Complaint.objects.open()[:MOST].count())
        yield _gauge("alarms_pending", "Alarms still to ring, at most 100,000.", Alarm.objects.pending()[:MOST].count())
        yield _gauge("alarms_due", "Alarms whose moment is past and that have not rung.", due[:MOST].count())
        yield _gauge("alarm_lag_seconds", "How late the oldest due alarm is.", lag)
        waiting = Attachment.objects.waiting()
        oldest_file = waiting.first()
        lag = (now - oldest_file.added_at).total_seconds() if oldest_file else 0.0
        yield _gauge("files_waiting", "Files that wait for the virus scan.", waiting[:MOST].count())
        yield _gauge("scan_lag_seconds", "How long the oldest of them has waited.", lag)

    def _outbox(self, now: datetime) -> Iterator[Metric]:
        queued = Notice.objects.filter(state=NoticeState.QUEUED).exclude(medium=Medium.LETTER)
        oldest = Notice.objects.due(now).first()
        age = (now - oldest.next_try_at).total_seconds() if oldest else 0.0
        yield _gauge("notices_queued", "Notices to send.", queued[:MOST].count())
        yield _gauge("notices_dead", "Notices that could not be sent.", Notice.objects.failed()[:MOST].count())
        yield _gauge("outbox_age_seconds", "How long the oldest notice could have been sent already.", age)

    def _figures(self, now: datetime) -> Iterator[Metric]:
        counted = as_of()
        if counted is not None:
            lag = (now - counted).total_seconds()
            yield _gauge("figures_lag_seconds", "How old the newest figures are.", lag)
        last = Check.objects.first()
        if last is not None:
            found = "Figures that the last nightly comparison found to differ from the complaints."
            yield _gauge("figures_differing", found, last.differences)
        yield _gauge("figures_changes", "Changes not yet counted.", Change.objects.all()[:MOST].count())
        looked = HistoryCheck.objects.first()
        if looked is not None:
            found = "Chains and seals of the history that the last nightly check found broken."
            yield _gauge("history_faults", found, looked.faults)
        sealed = HistorySeal.objects.filter(sealed_at__isnull=False).first()
        if sealed is not None:
            lag = (now - sealed.at).total_seconds()
            yield _gauge("history_seal_age_seconds", "How old the newest seal is.", lag)

    def _connections(self) -> Iterator[Metric]:
        with connection.cursor() as cursor:
            cursor.execute(CONNECTIONS)
            by_state = cursor.fetchall()
        family = GaugeMetricFamily("redress_database_connections", "Connections to our database.", labels=["state"])
        for state, number in by_state:
            family.add_metric([state], number)
        yield family


class Broker(Collector):
    """What waits in the broker, and what the workers counted there; that it is away is a number too."""

    def collect(self) -> Iterator[Metric]:
        queues = sorted(
            {settings.CELERY_TASK_DEFAULT_QUEUE, *(r["queue"] for r in settings.CELERY_TASK_ROUTES.values())}
        )
        try:
            with counting.broker() as client, client.pipeline(transaction=False) as pipe:
                for queue in queues:
                    pipe.llen(queue)
                *depths, counted = pipe.hgetall(counting.TASKS).execute()
        except redis.RedisError:
            yield _gauge("broker_up", "Whether the broker answers.", 0)
            return
        yield _gauge("broker_up", "Whether the broker answers.", 1)
        family = GaugeMetricFamily("redress_queue_depth", "Turns that wait in the broker.", labels=["queue"])
        for queue, depth in zip(queues, depths, strict=True):
            family.add_metric([queue], depth)
        yield family
        yield from counting.tasks(counted)


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(f"redress_{name}", says, value)


registry = CollectorRegistry(auto_describe=False)
registry.register(Desk())
registry.register(Broker())
registry.register(counting.Requests())


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
