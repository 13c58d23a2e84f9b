"""The addresses of this package."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from complaints.views import deadlines, desk, detail, files, issues, ladder, portal, roster, storms

app_name = "complaints"
urlpatterns: list[URLPattern | URLResolver] = [
    path("desk/", desk.queue, name="queue"),
    path("desk/news/", desk.news, name="queue-news"),
    path("desk/deadlines/", deadlines.deadlines, name="deadlines"),
    path("desk/roster/", roster.roster, name="roster"),
    path("desk/roster/copy/", roster.roster_copy, name="roster-copy"),
    path("desk/roster/<int:pk>/remove/", roster.roster_remove, name="roster-remove"),
    path("desk/ladder/", ladder.ladder, name="ladder"),
    path("desk/ladder/new/", ladder.ladder_step, name="ladder-new"),
    path("desk/ladder/<int:pk>/", ladder.ladder_step, name="ladder-step"),
    path("desk/ladder/<int:pk>/remove/", ladder.ladder_remove, name="ladder-remove"),
    path("desk/ladder/night/", ladder.night, name="ladder-night"),
    path("desk/storms/", storms.storms, name="storms"),
    path("desk/storms/<int:pk>/end/", storms.storm_end, name="storm-end"),
    path("desk/storms/<int:pk>/withdraw/", storms.storm_withdraw, name="storm-withdraw"),
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
