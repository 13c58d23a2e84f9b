"""The addresses of this package."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from complaints.views import deadlines, desk, detail, files, issues, portal

app_name = "complaints"
urlpatterns: list[URLPattern | URLResolver] = [
    path("desk/", desk.queue, name="queue"),
    path("desk/news/", desk.news, name="queue-news"),
    path("desk/deadlines/", deadlines.deadlines, name="deadlines"),
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
