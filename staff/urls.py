"""The addresses of this package."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from staff.views import account, company, people, sign_in

app_name = "staff"
urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-in/second/", sign_in.second_step, name="second-step"),
    path("sign-in/company/", company.begin, name="company"),
    path("sign-in/company/return/", company.come_back, name="company-return"),
    path("sign-in/password/<uidb64>/<token>/", sign_in.ChoosePassword.as_view(), name="choose-password"),
    path("sign-out/", company.SignOut.as_view(), name="sign-out"),
    path("duty/", sign_in.duty, name="duty"),
    # account/
    path("account/password/", account.password, name="password"),
    path("account/second-factor/", account.factors, name="second-factor"),
    path("account/second-factor/app/", account.app, name="second-factor-app"),
    path("account/second-factor/passkey/", account.passkey, name="second-factor-passkey"),
    path("account/second-factor/codes/", account.recovery_codes, name="recovery-codes"),
    path("account/second-factor/<str:what>/remove/", account.remove_factor, name="remove-factor"),
    path("account/sessions/", account.own_sessions, name="sessions"),
    path("account/tokens/", account.own_tokens, name="tokens"),
    path("account/tokens/<int:pk>/revoke/", account.revoke_token, name="revoke-token"),
    # desk/people/
    path("desk/people/", people.everybody, name="people"),
    path("desk/new-person/", people.new, name="new-person"),
    path("desk/second-factor/", people.rules, name="rules"),
    path("desk/people/<str:username>/", people.person, name="person"),
    path("desk/people/<str:username>/reset-password/", people.reset_password, name="reset-password"),
    path("desk/people/<str:username>/tokens/<int:pk>/revoke/", people.revoke_token, name="revoke-token-of"),
    path("desk/people/<str:username>/act/<slug:what>/", people.act, name="person-act"),
]
