"""`trading-ml up`: the Dagster UI with its daemon, and the MLflow UI, over one data root, on this machine only."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated

import typer

from trading_ml.cli import output
from trading_ml.cli.main import app
from trading_ml.cli.root import lake
from trading_ml.core.errors import BadParams, Refused

HOST = "127.0.0.1"


@app.command()
def up(
    port: Annotated[int, typer.Option(help="Port of the Dagster UI.")] = 3000,
    mlflow_port: Annotated[int, typer.Option(help="Port of the MLflow UI.")] = 5000,
) -> None:
    """Start the Dagster UI (with sensors and schedules) and the MLflow UI; Ctrl-C stops both."""
    from trading_ml.defs.instance import home
    from trading_ml.registry.store import connect, location

    for option, wanted in {"--port": port, "--mlflow-port": mlflow_port}.items():
        _demand_free(option, wanted)
    store = lake()
    connect(store)
    os.environ["TRADING_ML_DATA"] = str(store.root)
    os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    urls = {"dagster": f"http://{HOST}:{port}", "mlflow": f"http://{HOST}:{mlflow_port}"}
    commands = [_dagster(port, home(store) / "workspace.yaml"), _mlflow(mlflow_port, *location(store))]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that whoever ends this ends the servers too
    started = [subprocess.Popen(command, start_new_session=True) for command in commands]
    try:
        for url, server in zip(urls.values(), started, strict=True):
            _wait(url, server)
        output.emit(urls, *(f"{name:8}{url}" for name, url in urls.items()), "Ctrl-C stops both.")
        while all(server.poll() is None for server in started):
            time.sleep(0.5)
    finally:
        _stop(started)


def _demand_free(option: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise BadParams(f"port {port}", "is taken by another program", f"choose another with {option}") from None


def _dagster(port: int, workspace: Path) -> list[str]:
    server = ["-h", HOST, "-p", str(port), "--log-level", "warning"]
    return [sys.executable, "-W", "ignore", "-m", "dagster", "dev", "-w", str(workspace), *server]


def _mlflow(port: int, tracking: str, artifacts: str) -> list[str]:
    stores = ["--backend-store-uri", tracking, "--default-artifact-root", artifacts]
    return [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "mlflow",
        "server",
        "--host",
        HOST,
        "--port",
        str(port),
        "--workers",
        "1",
        "--uvicorn-opts",
        "--log-level warning",
        *stores,
    ]


def _wait(url: str, process: subprocess.Popen[bytes], seconds: int = 120) -> None:
    """Wait until a server answers; a server that ended instead is an error that names it."""
    for _ in range(seconds * 2):
        if process.poll() is not None:
            raise Refused(url, "its server ended while starting", "its own lines above say why")
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise Refused(url, f"did not answer within {seconds} s")


def _stop(started: list[subprocess.Popen[bytes]]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        for process in started:
            if process.poll() is None:
                os.killpg(process.pid, number)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and any(process.poll() is None for process in started):
            time.sleep(0.1)
