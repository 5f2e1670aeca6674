"""Addresses of the pages."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from ordermirror.web import monitor, observed, order_actions, steer_actions, views
from ordermirror.web.order_view import order

login = LoginView.as_view(template_name="ordermirror/login.html", redirect_authenticated_user=True)

ORDER = "orders/<str:company_db>/<int:doc_entry>/"
COMPANY = "monitor/<str:company_db>/"

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", login, name="login"),
    # Leaving must work after the session is over, too.
    path("logout/", login_not_required(LogoutView.as_view()), name="logout"),
    path("orders/", views.orders, name="orders"),
    path(ORDER, order, name="order"),
    path(f"{ORDER}notes/", order_actions.add_note, name="add-note"),
    path(f"{ORDER}approval/", order_actions.decide, name="decide"),
    path(f"{ORDER}lines/<int:line_num>/price/", order_actions.revise_price, name="revise-price"),
    path(f"{ORDER}refresh/", order_actions.refresh, name="refresh"),
    path("monitor/", monitor.monitor, name="monitor"),
    path(COMPANY, monitor.company, name="company"),
    path(f"{COMPANY}refresh/", steer_actions.sync_now, name="sync-now"),
    path(f"{COMPANY}pause/", steer_actions.pause, name="pause"),
    path(f"{COMPANY}resume/", steer_actions.resume, name="resume"),
    path(f"{COMPANY}reread/", steer_actions.reread, name="reread"),
    path(f"{COMPANY}retry/", steer_actions.retry, name="retry"),
    path(f"{COMPANY}test-alert/", steer_actions.test_alert, name="test-alert"),
    path("runs/", views.runs, name="runs"),
    path("runs/<int:run_id>/", views.run, name="run"),
    path("runs/<int:run_id>/live/", monitor.live, name="live"),
    path("healthz", observed.live, name="healthz"),
    path("readyz", observed.ready, name="readyz"),
    path("health/sync", observed.fresh, name="health-sync"),
    path("metrics", observed.metrics, name="metrics"),
]
