"""What no committed file may hold: hosts, machine paths, unfinished work, oversized or generated content."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# Hosts that documents may point to. A registry is never one of them: pins carry hashes, not addresses.
HOSTS = {"127.0.0.1", "localhost", "www.apache.org", "keepachangelog.com", "semver.org", "www.w3.org"}
REGISTRY = re.compile(r"\b(?:pypi|pythonhosted|npmjs|debian|anaconda|githubusercontent)\.(?:org|com)\b", re.IGNORECASE)
MACHINE_PATH = re.compile(r"(?<![\w.~*{}<>-])/(?:home|root|Users|work|tmp|opt|mnt|srv|var)/\w")
UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|X{3}|HA[C]K)\b")


def findings(texts: dict[str, str], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_address_leads_to_an_unlisted_host(texts: dict[str, str]) -> None:
    found = {
        f"{name}: {address}"
        for name, text in texts.items()
        for address in re.findall(r"https?://[^\s\"'`)>\]]+", text)
        if "{" not in address and urlsplit(address).hostname not in HOSTS
    }
    assert not found


def test_no_registry_is_named(texts: dict[str, str]) -> None:
    assert not findings(texts, REGISTRY)


def test_no_path_of_one_machine(texts: dict[str, str]) -> None:
    assert not findings(texts, MACHINE_PATH)


def test_nothing_unfinished(texts: dict[str, str]) -> None:
    assert not findings(texts, UNFINISHED)


def test_the_data_root_stays_out_of_the_repository(texts: dict[str, str]) -> None:
    assert {name for name in texts if name.startswith("data/")} <= {"data/.gitkeep"}


def test_no_large_text_but_the_pins(texts: dict[str, str]) -> None:
    large = {name for name, text in texts.items() if len(text) > 60_000}
    assert large == {"requirements.txt"}
