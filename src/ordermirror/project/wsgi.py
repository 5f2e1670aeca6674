"""The WSGI application that Granian serves.

What a page needs is imported before the first one is asked for. All that is there by then lives as
long as the process does, and is left out when Python looks for cycles: a page that such a search
falls into would take 30 ms longer, of 15.
"""

from __future__ import annotations

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordermirror.project.settings")

application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018 - a property that imports the views
gc.collect()
gc.freeze()
