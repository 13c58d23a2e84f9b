"""The addresses of this package."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from complaints.views import calendars, deadlines, desk, detail, files, issues, portal

app_name = "complaints"
urlpatterns: list[URLPattern | URLResolver] = [
    path("desk/", desk.queue, name="queue"),
    path("desk/news/", desk.news, name="queue-news"),
    path("desk/deadlines/", deadlines.deadlines, name="deadlines"),
    path("desk/calendars/", calendars.calendars, name="calendars"),
    path("desk/calendars/new/", calendars.calendar_new, name="calendar-new"),
    path("desk/calendars/<slug:code>/", calendars.calendar, name="calendar"),
    path("desk/calendars/<slug:code>/edit/", calendars.calendar_edit, name="calendar-edit"),
    path("desk/calendars/<slug:code>/import/", calendars.calendar_import, name="calendar-import"),
    path("desk/calendars/<slug:code>/preview/", calendars.calendar_preview, name="calendar-preview"),
    path("desk/calendars/<slug:code>/save/", calendars.calendar_save, name="calendar-save"),
    path("complaints/<str:reference>/", detail.complaint, name="complaint"),
    path("complaints/<str:reference>/moves/<slug:name>/", detail.move, name="move"),
    path("complaints/<str:reference>/files/<uuid:uuid>/", files.attachment, name="attachment"),
    path("issues/", issues.issues, name="issues"),
    path("issues/new/", issues.issue_new, name="issue-new"),
    path("issues/<int:pk>/", issues.issue, name="issue"),
    path("issues/<int:pk>/restored/", issues.issue_restored, name="issue-restored"),
    path("track/<str:token>/", portal.track, name="track"),
    path("track/<str:token>/files/<uuid:uuid>/", files.track_file, name="track-file"),
    path("track/<str:token>/<slug:name>/", portal.track_move, name="track-move"),
    path("feedback/<str:token>/", portal.feedback, name="feedback"),
]
