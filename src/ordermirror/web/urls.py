"""Addresses of the pages."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from ordermirror.web import views

login = LoginView.as_view(template_name="ordermirror/login.html", redirect_authenticated_user=True)

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", login, name="login"),
    # Leaving must work after the session is over, too.
    path("logout/", login_not_required(LogoutView.as_view()), name="logout"),
    path("orders/", views.orders, name="orders"),
    path("orders/<str:company_db>/<int:doc_entry>/", views.order, name="order"),
    path("runs/", views.runs, name="runs"),
    path("runs/<int:run_id>/", views.run, name="run"),
    path("healthz", views.healthz, name="healthz"),
]
