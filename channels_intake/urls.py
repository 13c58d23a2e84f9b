"""The addresses of this package: the portal's front, and the desk's entry forms."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path, register_converter

from channels_intake import (
    batch_views,
    counter_views,
    guide_views,
    held_views,
    inspection_views,
    known,
    mail_views,
    messenger,
    open311,
    portal,
    saving,
    telephony,
    views,
    words_views,
)
from channels_intake.steps import CHECK, STEPS


class StepConverter:
    """One of the public form's steps, by its name."""

    regex = "|".join([*STEPS, CHECK])

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(StepConverter, "form-step")


class FormatConverter:
    """How an Open311 answer is written."""

    regex = "json|xml"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(FormatConverter, "format")

app_name = "channels_intake"
urlpatterns: list[URLPattern | URLResolver] = [
    path("inspections/<int:pk>/record/", inspection_views.record, name="inspection-record"),
    path("", portal.home, name="home"),
    path("help/", guide_views.help_home, name="help"),
    path("help/<slug:slug>/", guide_views.help_guide, name="guide"),
    path("help/<slug:slug>/answer/", guide_views.help_answer, name="guide_answer"),
    path("standards/", guide_views.standards_page, name="standards"),
    path("desk/words/", words_views.edit, name="words"),
    path("desk/guides/", guide_views.guide_list, name="guides"),
    path("desk/guides/new/", guide_views.guide_edit, name="guide_new"),
    path("desk/guides/<slug:slug>/", guide_views.guide_edit, name="guide_edit"),
    path("known/", known.known, name="known-issues"),
    path("known/<int:pk>/follow/", known.follow, name="follow"),
    path("following/<str:token>/", known.following, name="following"),
    path("following/<str:token>/stop/", known.stop, name="unfollow"),
    path("complain/", portal.complain, name="complain"),
    path("complain/received/<str:token>/", portal.received, name="received"),
    path("complain/resume/<str:token>/", portal.resume, name="resume"),
    path("complain/<uuid:form_id>/discard/", portal.discard, name="discard"),
    path("complain/<uuid:form_id>/<form-step:step>/keep/", portal.keep, name="keep"),
    path("complain/<uuid:form_id>/safety/", portal.safety, name="safety"),
    path("complain/<uuid:form_id>/sent/", portal.held_page, name="held"),
    path("complain/<uuid:form_id>/known/", portal.instead, name="instead"),
    path("complain/<uuid:form_id>/<form-step:step>/", portal.step, name="step"),
    path("open311/discovery.<format:fmt>", open311.discovery, name="open311-discovery"),
    path("open311/v2/", open311.services, {"fmt": "json"}, name="open311-root"),
    path("open311/v2/discovery.<format:fmt>", open311.discovery, name="open311-discovery-v2"),
    path("open311/v2/services.<format:fmt>", open311.services, name="open311-services"),
    path("open311/v2/services/<slug:code>.<format:fmt>", open311.definition, name="open311-definition"),
    path("open311/v2/requests.<format:fmt>", open311.requests, name="open311-requests"),
    path("open311/v2/requests/<slug:reference>.<format:fmt>", open311.one_request, name="open311-request"),
    path("open311/v2/tokens/<slug:token>.<format:fmt>", open311.token, name="open311-token"),
    path("api/hooks/telephony/", telephony.hook, name="telephony"),
    path("api/hooks/messenger/<slug:provider>/", messenger.hook, name="messenger"),
    path("desk/mail/", mail_views.inbox, name="inbox"),
    path("desk/mail/<int:pk>/", mail_views.one_mail, name="mail"),
    path("desk/mail/<int:pk>/original/", mail_views.original, name="mail_original"),
    path("desk/mail/<int:pk>/settle/", mail_views.settle, name="mail_settle"),
    path("desk/held/", held_views.held_forms, name="held-forms"),
    path("desk/held/judge/", held_views.judge, name="held-judge"),
    path("desk/held/<uuid:form_id>/register/", held_views.register, name="held-register"),
    path("desk/held/<uuid:form_id>/back/", held_views.bring_back, name="held-back"),
    path("desk/calls/", views.calls, name="calls"),
    path("desk/unsent/", saving.unsent_forms, name="unsent"),
    path("desk/unsent/<uuid:form_id>/hand-over/", saving.hand_over, name="hand_over"),
    path("desk/unsent/<uuid:form_id>/discard/", saving.discard, name="discard_unsent"),
    path("desk/new/known/", views.known, name="known"),
    path("desk/new/<slug:channel>/keep/<uuid:form_id>/", saving.keep, name="keep_unsent"),
    path("desk/new/regulator/batch/", batch_views.batches, name="batches"),
    path("desk/new/regulator/batch/template/", batch_views.template, name="batch-template"),
    path("desk/new/regulator/batch/<int:pk>/", batch_views.batch, name="batch"),
    path("desk/new/regulator/batch/<int:pk>/back/", batch_views.came_back, name="batch-back"),
    path("desk/new/<slug:channel>/", views.new, name="new"),
    path("desk/scans/<uuid:uuid>/<int:number>.jpg", views.scan_page, name="scan"),
    path("desk/counter/", counter_views.waiting, name="counter"),
    re_path(r"^desk/counter/(?P<pk>[0-9]+)/(?P<name>call|hear|leave)/$", counter_views.move, name="visitor"),
    path("desk/registered/<str:reference>/receipt/<slug:paper>/", counter_views.receipt, name="receipt"),
    path("desk/registered/<str:reference>/receipt/<slug:paper>.pdf", counter_views.receipt_pdf, name="receipt-pdf"),
    path("desk/registered/<str:reference>/", views.registered, name="registered"),
]
