"""The addresses of this package."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from complaints.views import calendars, deadlines, desk, detail, files, issues, ladder, policies, portal, roster, storms

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
    path("desk/policies/", policies.policies, name="policies"),
    path("desk/policies/new/", policies.policy_edit, name="policy-new"),
    path("desk/policies/move/", policies.retarget, name="retarget"),
    path("desk/policies/move/<int:pk>/", policies.retargeting_run, name="retargeting"),
    path("desk/policies/move/<int:pk>/stop/", policies.retargeting_stop, name="retargeting-stop"),
    path("desk/policies/<slug:code>/", policies.policy, name="policy"),
    path("desk/policies/<slug:code>/change/", policies.policy_edit, name="policy-edit"),
    path("desk/policies/<slug:code>/retire/", policies.policy_retire, name="policy-retire"),
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
