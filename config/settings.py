"""Settings from the environment; .env.example lists every variable, docs/operations.md explains them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config import env
from staff.actors import Role

BASE_DIR = Path(__file__).resolve().parent.parent

# --- What the outside decides ---------------------------------------------------------------------------------------
DEBUG = env.flag("REDRESS_DEBUG", False)
SECRET_KEY = env.text("REDRESS_SECRET_KEY")
DEMO = env.flag("REDRESS_DEMO", False)
HTTPS = env.flag("REDRESS_HTTPS", not DEBUG)
BASE_URL = env.url("REDRESS_BASE_URL", "http://localhost:8000", schemes={"http", "https"}).rstrip("/")
ALLOWED_HOSTS = env.words("REDRESS_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("REDRESS_CSRF_TRUSTED_ORIGINS", BASE_URL)
DATABASES = {
    "default": {
        **env.database("DATABASE_URL"),
        "CONN_MAX_AGE": env.whole("REDRESS_DATABASE_CONN_MAX_AGE", 60),
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
    }
}
# Compiling a statement takes half a second whenever the planner guesses too high. Overruled in the address: ?options=
DATABASES["default"]["OPTIONS"].setdefault("options", "-c jit=off")
# A pooler in transaction mode lends a connection for one transaction, and a server-side cursor may outlive it.
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = env.flag("REDRESS_DATABASE_POOLED", False)
REPLICA_LAG = env.whole("REDRESS_REPLICA_LAG", 30, least=1)
if env.text("REDRESS_REPLICA_URL", ""):
    replica = env.database("REDRESS_REPLICA_URL")
    replica["OPTIONS"] = {"connect_timeout": 2, **DATABASES["default"]["OPTIONS"], **replica["OPTIONS"]}
    DATABASES["replica"] = {**DATABASES["default"], **replica}
DATABASE_ROUTERS = ["config.replica.Router"]
REDIS_URL = env.url("REDIS_URL", None, schemes={"redis", "rediss", "unix"})
VAR_DIR = env.path("REDRESS_DATA", BASE_DIR / "var")
MEDIA_ROOT = env.path("REDRESS_MEDIA_ROOT", VAR_DIR / "media")
STATIC_ROOT = env.path("REDRESS_STATIC_ROOT", VAR_DIR / "static")
TIME_ZONE = env.text("REDRESS_TIME_ZONE", "Asia/Shanghai")
PHONE_REGION = env.text("REDRESS_PHONE_REGION", "CN")
METRICS_TOKEN = env.text("REDRESS_METRICS_TOKEN", "")
IMAP_URL = env.text("REDRESS_IMAP_URL", "")
MESSENGERS = dict(pair.split("=", 1) for pair in env.words("REDRESS_MESSENGERS", "") if "=" in pair)
TELEPHONY_TOKEN = env.text("REDRESS_TELEPHONY_TOKEN", "")
EMAIL_URL = env.url(
    "REDRESS_EMAIL_URL", f"file:{VAR_DIR / 'outbox' / 'email'}", schemes={"file", "smtp", "smtps", "smtp+tls"}
)
EMAIL_FROM = env.text("REDRESS_EMAIL_FROM", "95598@redress.example")
SMS_URL = env.url("REDRESS_SMS_URL", f"log:{VAR_DIR / 'outbox' / 'sms.log'}", schemes={"log", "http", "https"})
SMS_METHOD = env.choice("REDRESS_SMS_METHOD", "POST", {"GET", "POST", "PUT"})
SMS_FORMAT = env.choice("REDRESS_SMS_FORMAT", "json", {"json", "form"})
SMS_BODY = env.template(
    "REDRESS_SMS_BODY",
    {"json": '{"to": "{to}", "text": "{text}", "id": "{uuid}"}', "form": "to={to}&text={text}&id={uuid}"}[SMS_FORMAT],
)
SMS_SENDER = env.text("REDRESS_SMS_SENDER", "")
SMS_AUTHORIZATION = env.text("REDRESS_SMS_AUTHORIZATION", "")
SMS_KEY_HEADER = env.text("REDRESS_SMS_KEY_HEADER", "Idempotency-Key")
SMS_SUCCESS = env.statuses("REDRESS_SMS_SUCCESS", "200,201,202,204")
SMS_SUCCESS_TEXT = env.text("REDRESS_SMS_SUCCESS_TEXT", "")
SMS_RETRY = env.statuses("REDRESS_SMS_RETRY", "408,425,429")
SMS_RECEIPT_TOKEN = env.text("REDRESS_SMS_RECEIPT_TOKEN", "")
SMS_RECEIPT_ID = env.text("REDRESS_SMS_RECEIPT_ID", "id")
SMS_RECEIPT_STATUS = env.text("REDRESS_SMS_RECEIPT_STATUS", "status")
SMS_RECEIPT_REASON = env.text("REDRESS_SMS_RECEIPT_REASON", "reason")
SMS_RECEIPT_DELIVERED = env.words_of_status("REDRESS_SMS_RECEIPT_DELIVERED", "delivered,DELIVRD")
SMS_RECEIPT_FAILED = env.words_of_status(
    "REDRESS_SMS_RECEIPT_FAILED", "failed,undelivered,UNDELIV,REJECTD,EXPIRED,DELETED", not_in=SMS_RECEIPT_DELIVERED
)
WEBHOOK_ALLOW_PRIVATE = env.flag("REDRESS_WEBHOOK_ALLOW_PRIVATE", False)
CLAMD_URL = env.text("REDRESS_CLAMD_URL", "") and env.url("REDRESS_CLAMD_URL", None, schemes={"tcp", "unix"})
OIDC_ISSUER = env.safe_url("REDRESS_OIDC_ISSUER")
OIDC_CLIENT_ID = env.text("REDRESS_OIDC_CLIENT_ID", None if OIDC_ISSUER else "")
OIDC_CLIENT_SECRET = env.text("REDRESS_OIDC_CLIENT_SECRET", "")
OIDC_SCOPES = env.words("REDRESS_OIDC_SCOPES", "openid,profile,email")
OIDC_CLAIM = env.text("REDRESS_OIDC_CLAIM", "email")
OIDC_GROUPS_CLAIM = env.text("REDRESS_OIDC_GROUPS_CLAIM", "groups")
OIDC_ROLES = env.pairs("REDRESS_OIDC_ROLES", values=set(Role.values))
OIDC_MAKES_ACCOUNTS = env.flag("REDRESS_OIDC_MAKES_ACCOUNTS", False)
OIDC_SECOND_FACTOR = frozenset(env.words("REDRESS_OIDC_SECOND_FACTOR", ""))
OIDC_ACR_VALUES = env.words("REDRESS_OIDC_ACR_VALUES", "")
PASSWORDS_FOR_ALL = env.choice("REDRESS_PASSWORDS_FOR", "everybody", {"everybody", "administrators"}) == "everybody"
if not (PASSWORDS_FOR_ALL or OIDC_ISSUER):
    raise ImproperlyConfigured(
        "REDRESS_PASSWORDS_FOR=administrators needs REDRESS_OIDC_ISSUER: nobody else could sign in."
    )
UPLOAD_MAX_BYTES = env.whole("REDRESS_UPLOAD_MAX_MB", 10, least=1) * 1024 * 1024
SENTRY_DSN = env.safe_url("SENTRY_DSN")
SENTRY_ENVIRONMENT = env.text("SENTRY_ENVIRONMENT", "production")
LOG_LEVEL = env.choice("REDRESS_LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"})
LOG_FORMAT = env.choice("REDRESS_LOG_FORMAT", "json", {"json", "pairs"})

try:
    ZoneInfo(TIME_ZONE)
except (ZoneInfoNotFoundError, ValueError):
    raise ImproperlyConfigured(f"REDRESS_TIME_ZONE names no time zone: {TIME_ZONE!r}.") from None

# --- The parts ------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "django_htmx",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "config",
    "staff",
    "customers",
    "complaints",
    "channels_intake",
    "analytics",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.errors.PermissionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.tracing.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "config.errors.NoNulMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "staff.sessions.IdleMiddleware",
    "staff.gate.GateMiddleware",
    "config.errors.RefusalMiddleware",
    "axes.middleware.AxesMiddleware",
    "config.replica.ReplicaMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "complaints.context.rail",
                "channels_intake.context.to_look_at",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- People ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "staff.User"
LOGIN_URL = "staff:sign-in"
LOGIN_REDIRECT_URL = "/desk/"
LOGOUT_REDIRECT_URL = "/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 24 * 3600
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "staff.backends.PasswordBackend"]
AXES_HANDLER = "staff.lockout.Lockout"
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_FAILURE_LIMIT = env.whole("REDRESS_SIGN_IN_TRIES", 5, least=1)
SIGN_IN_TRIES_OF_ADDRESS = env.whole("REDRESS_SIGN_IN_TRIES_OF_ADDRESS", 50, least=1)
AXES_COOLOFF_TIME = timedelta(minutes=env.whole("REDRESS_SIGN_IN_WAIT_MINUTES", 15, least=1))
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_CLIENT_IP_CALLABLE = "staff.http.known_address"
AXES_LOCKOUT_CALLABLE = "staff.lockout.shut"
AXES_VERBOSE = False
OTP_TOTP_ISSUER = "Redress"
SESSION_ENGINE = "staff.session_store"
SESSION_COOKIE_AGE = env.whole("REDRESS_SESSION_HOURS", 12, least=1) * 3600
SESSION_IDLE_SECONDS = env.whole("REDRESS_SESSION_IDLE_MINUTES", 30, least=1) * 60

# --- Languages and time ---------------------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = "config.formats"

# --- Files ----------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "complaints.store.Store"},
    "staticfiles": {"BACKEND": "config.static.HashedFiles"},
}
MEDIA_URL = "/media/"  # only names files; nothing serves this address
FILE_UPLOAD_PERMISSIONS = 0o640
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler", "complaints.store.Uploads"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- Safety ---------------------------------------------------------------------------------------------------------
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.flag("REDRESS_HSTS_SUBDOMAINS", False)
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "base-uri": [SELF],
        "object-src": [NONE],
    }
}

# --- Broker, cache, tasks -------------------------------------------------------------------------------------------
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env.next_redis_database(REDIS_URL),
        "KEY_PREFIX": "redress",
    }
}
CELERY_BROKER_URL = env.broker(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600}
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "complaints.tasks.ring_alarms": {"queue": "alarms"},
    "complaints.tasks.send_notices": {"queue": "notices"},
}


def _every(task: str, seconds: int) -> dict[str, object]:
    """A turn left over from an hour ago is worth nothing: the rows are still there.

    Not sooner, though it was followed by others: beat dates the end and the worker compares it with its own clock, so a
    worker whose clock is minutes ahead would take no turn at all.
    """
    return {"task": task, "schedule": float(seconds), "options": {"expires": max(seconds, 3600)}}


CELERY_BEAT_SCHEDULE = {
    "ring-alarms": _every("complaints.tasks.ring_alarms", 5),
    "send-notices": _every("complaints.tasks.send_notices", 3),
    "call-webhooks": _every("complaints.tasks.call_webhooks", 5),
    "tell-updates": _every("complaints.tasks.tell_updates", 5),
    "carry-on-issues": _every("complaints.tasks.carry_on_issues", 5),
    "watch-clusters": _every("complaints.tasks.watch_clusters", 15),
    "say-announcements": _every("complaints.tasks.say_announcements", 10),
    "remind-of-actions": _every("complaints.tasks.remind_of_actions", 600),
    "schedule-inspections": _every("complaints.tasks.schedule_inspections", 1800),
    "remind-of-inspections": _every("complaints.tasks.remind_of_inspections", 600),
    "close-unanswered": _every("complaints.tasks.close_unanswered", 600),
    "plan-call-backs": _every("complaints.tasks.plan_call_backs", 60),
    "draw-call-backs": _every("complaints.tasks.draw_call_backs", 1800),
    "carry-on-surveys": _every("complaints.tasks.carry_on_surveys", 5),
    "watch-views": _every("complaints.tasks.watch_views", 60),
    "send-digests": _every("complaints.tasks.send_digests", 60),
    "send-follow-digests": _every("complaints.tasks.send_follow_digests", 60),
    "move-many": _every("complaints.tasks.move_many", 5),
    "hand-over-work": _every("complaints.tasks.hand_over_work", 5),
    "scan-files": _every("complaints.tasks.scan_files", 5),
    "retarget-clocks": _every("complaints.tasks.retarget_clocks", 15),
    "import-batches": _every("channels_intake.tasks.import_batches", 10),
    "register-held": _every("channels_intake.tasks.register_held", 300),
    "sweep-scans": _every("channels_intake.tasks.sweep_scans", 3600),
    "carry-on-imports": _every("customers.tasks.carry_on_imports", 10),
    "excuse-arrivals": _every("complaints.tasks.excuse_arrivals", 60),
    "forget-unsent-moves": _every("complaints.tasks.forget_unsent_moves", 3600),
    "fetch-mail": _every("channels_intake.tasks.fetch_mail", 60),
    "forget-unsent": _every("channels_intake.tasks.forget_unsent", 3600),
    "refresh-figures": _every("analytics.tasks.refresh_figures", 5),
    "check-figures": _every("analytics.tasks.check_figures", 600),
    "find-signals": _every("analytics.tasks.find_signals", 300),
    "count-customers": _every("analytics.tasks.count_customers", 1800),
    "prepare-exports": _every("analytics.tasks.prepare_exports", 3),
    "forget-exports": _every("analytics.tasks.forget_exports", 3600),
    "post-reports": _every("analytics.tasks.post_reports", 30),
    "freeze-packs": _every("analytics.tasks.freeze_packs", 3),
    "seal-history": _every("complaints.tasks.seal_history", 60),
    "carry-out-erasures": _every("complaints.tasks.carry_out_erasures", 10),
    "erase-what-is-old": _every("complaints.tasks.erase_what_is_old", 600),
    "check-history": _every("complaints.tasks.check_history", 600),
    "send-account-mail": _every("complaints.tasks.send_account_mail", 5),
    "sweep-the-door": _every("staff.tasks.sweep_the_door", 3600),
    "heartbeat": _every("config.tasks.heartbeat", 10),
}

# --- The machine interface ------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "staff.api.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "staff.api.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["staff.api.OfAddress", "staff.api.OfToken"],
    "DEFAULT_THROTTLE_RATES": {
        "token": f"{env.whole('REDRESS_API_PER_MINUTE', 600, least=1)}/min",
        "address": f"{env.whole('REDRESS_API_PER_MINUTE_OF_ADDRESS', 1200, least=1)}/min",
    },
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.parsing.StrictJSONParser", "rest_framework.parsers.MultiPartParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_VERSIONING_CLASS": None,
    "EXCEPTION_HANDLER": "config.errors.api_exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Redress",
    "DESCRIPTION": "Complaints of an electric utility: register, find, and move them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "config.api_errors.add_refusals"],
}

# --- Logs -----------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.JsonFormatter"}, "pairs": {"()": "config.logs.PairsFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": LOG_LEVEL, "propagate": False},
        "axes": {"level": "ERROR"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
