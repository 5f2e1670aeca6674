"""From the typed words to a command's module."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Sequence

from ordermirror import conf
from ordermirror.cli import output, parser
from ordermirror.errors import ConfigError, OrderMirrorError
from ordermirror.logs import traced

logger = logging.getLogger(__name__)

WITHOUT_DATABASE = ("demo", "doctor", "sandbox", "settings")
FAILED, MISUSE, INTERRUPTED = 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Problems a person can mend are told in words."""
    arguments = parser.build().parse_args(argv)
    try:
        if arguments.command not in WITHOUT_DATABASE:
            set_up_django()
        module = arguments.command.replace("-", "_")
        command = importlib.import_module(f"ordermirror.cli.{module}")
        return int(command.run(arguments))
    except ConfigError as exc:
        output.problem("The settings need mending:", *exc.problems)
        return MISUSE
    except OrderMirrorError as exc:
        output.problem(str(exc))
        return FAILED
    except BrokenPipeError:
        # The reader of our output has enough, as `… | head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        output.problem("Stopped.")
        return INTERRUPTED
    except Exception as exc:
        told = _database_trouble(exc)
        if told is None:
            told = f"{traced(exc)}\nThis is a mistake in OrderMirror; please report it."
        else:
            logger.debug("the database failed", exc_info=exc)
        output.problem(told)
        return FAILED


def _database_trouble(exc: Exception) -> str | None:
    """None as well when the settings were never read: then it is no trouble of the database."""
    if "DJANGO_SETTINGS_MODULE" not in os.environ:
        return None
    told: str | None = importlib.import_module("ordermirror.outage").trouble(exc)
    return told


def set_up_django() -> None:
    """Check the settings first, so that mistakes are told as such and not as a traceback."""
    if "DJANGO_SETTINGS_MODULE" not in os.environ:
        conf.load(conf.read_environment())
        os.environ["DJANGO_SETTINGS_MODULE"] = "ordermirror.project.settings"
    importlib.import_module("django").setup()
