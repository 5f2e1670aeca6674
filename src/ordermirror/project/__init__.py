"""The runnable Django project: settings, URLs and the WSGI application."""
