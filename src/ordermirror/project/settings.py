"""Django's settings, made from OrderMirror's own (`ordermirror.conf`)."""

from __future__ import annotations

from urllib.parse import urlsplit

from ordermirror import conf, logs
from ordermirror.project.databases import database
from ordermirror.project.secret import secret_key

ORDERMIRROR = conf.load(conf.read_environment())
_PUBLIC = urlsplit(ORDERMIRROR.public_url or "")
_HTTPS = _PUBLIC.scheme == "https"

DEBUG = False
SECRET_KEY = ORDERMIRROR.secret_key or secret_key(ORDERMIRROR.data_dir)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", ORDERMIRROR.host]
if _PUBLIC.hostname:
    ALLOWED_HOSTS.append(_PUBLIC.hostname)
    CSRF_TRUSTED_ORIGINS = [f"{_PUBLIC.scheme}://{_PUBLIC.netloc}"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "ordermirror",
    "ordermirror.owned",
    "ordermirror.alerts",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "ordermirror.web.security.content_security_policy",
]
ROOT_URLCONF = "ordermirror.project.urls"
WSGI_APPLICATION = "ordermirror.project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {"default": database(ORDERMIRROR.database(), ORDERMIRROR.database_pool)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]

MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"  # reading writes no row
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "orders"
LOGOUT_REDIRECT_URL = "login"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SECURE_SSL_REDIRECT = False  # the proxy that ends TLS redirects; behind it every request is http
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en"
TIME_ZONE = ORDERMIRROR.time_zone
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = None  # WhiteNoise serves the files from the packages, nothing is collected
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

logs.hide_secrets_of(ORDERMIRROR)
logs.hide(SECRET_KEY)
LOGGING = logs.config(ORDERMIRROR)
