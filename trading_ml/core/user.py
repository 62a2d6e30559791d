"""Whose process this is: what records of who did something say, unless they are told otherwise."""

from __future__ import annotations

import getpass
import os


def user() -> str:
    """The user's name; where it has none, the number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return f"user {os.getuid()}"
