"""Where a refusal becomes an answer: one middleware for pages and fragments, one handler for the API."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.core.exceptions import BadRequest, RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import defaults
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from complaints import store
from complaints.refusals import Refusal

PERMISSIONS = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), "
    "midi=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)"
)
"""What no page of ours needs of a browser, and passkeys, which only our own pages may ask for."""


class PermissionsMiddleware:
    """Every answer says what pages may ask of the browser, so that nothing smuggled in can ask for more."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        return response


class NoNulMiddleware:
    """Nobody types a NUL and the database takes none: in an address or a form of the pages it is answered with 400."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        _check_no_nul([request.path, *request.GET.keys(), *_all_values(request.GET)])
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: list[Any], kwargs: dict[str, Any]
    ) -> None:
        # hooks of other programs, which need no token of a page, judge their bodies themselves, and first how long they are
        if request.method == "POST" and not getattr(view, "csrf_exempt", False):
            _check_no_nul([*request.POST.keys(), *_all_values(request.POST)])


def _all_values(said: QueryDict) -> list[str]:
    return [value for _name, values in said.lists() for value in values]


def _check_no_nul(texts: Iterable[str]) -> None:
    if any("\x00" in text for text in texts):
        raise BadRequest("NUL")


class RefusalMiddleware:
    """Answers a refusal raised by a view with its sentence: a fragment for htmx, a page otherwise.

    A form that came back because its files found no room here is no mistake of who sent it: the answer is 507, not 422.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 422 and (refusal := store.unkept(request)) is not None:
            response.status_code = refusal.status
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refusal):
            return None
        is_fragment = bool(getattr(request, "htmx", False))
        template = "errors/_refusal.html" if is_fragment else "errors/refusal.html"
        response = render(request, template, {"refusal": exception}, status=exception.status)
        return _said_when(response, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """What cannot even be read as an address or a form: a page for people, the one shape for programs."""
    if _is_for_programs(request):
        return JsonResponse({"code": "bad_request", "message": _("This cannot be read.")}, status=400)
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if _is_for_programs(request):
        return JsonResponse({"code": "not_found", "message": _("There is nothing at this address.")}, status=404)
    return defaults.page_not_found(request, exception)


def broken(request: HttpRequest) -> HttpResponseBase:
    if _is_for_programs(request):
        said = _("Something is broken here. It is not your fault; try again later.")
        return JsonResponse({"code": "broken", "message": said}, status=500)
    return defaults.server_error(request)


def _is_for_programs(request: HttpRequest) -> bool:
    return request.path.startswith("/api/v1/")


def api_exception_handler(exception: Exception, context: dict[str, Any]) -> Response | None:
    """One shape for every refusal and error: `code` for programs, `message` for people, `fields` where input is wrong."""
    if isinstance(exception, Refusal):
        refused: dict[str, Any] = {"code": exception.code, "message": exception.message}
        if exception.fields:
            refused["fields"] = {name: [exception.message] for name in exception.fields}
        return _said_when(Response(refused, status=exception.status), exception)
    request = context.get("request")  # none before a view was found
    if isinstance(exception, ValidationError) and request and (refusal := store.unkept(request)) is not None:
        return api_exception_handler(refusal, context)
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent):
        return Response({"code": "too_large", "message": _("That is too much for one request.")}, status=413)
    response = exception_handler(exception, context)
    if response is None:
        return None
    response.data = _one_shape(exception, response)
    if isinstance(exception, ValidationError):
        response.status_code = 422
    return response


R = TypeVar("R", bound=HttpResponse)


def _said_when(response: R, refusal: Refusal) -> R:
    """With the seconds after which it is worth trying again, where the refusal knows them."""
    if refusal.retry_after:
        response["Retry-After"] = str(refusal.retry_after)
    return response


def _one_shape(exception: Exception, response: Response) -> dict[str, Any]:
    data = response.data
    if isinstance(data, dict) and "detail" in data:
        return {"code": getattr(data["detail"], "code", "error"), "message": str(data["detail"])}
    message = str(getattr(exception, "default_detail", "")) or str(exception)
    fields = data if isinstance(data, dict) else {"non_field_errors": data}
    return {"code": getattr(exception, "default_code", "invalid"), "message": message, "fields": fields}
