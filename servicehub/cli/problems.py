"""What can be wrong with a machine, said in a sentence that tells what to do. Exit code 2 for all of them."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO


class Problem(Exception):
    """A sentence for the user, and optional lines that explain it."""

    def __init__(self, sentence: str, details: str = "") -> None:
        super().__init__(sentence)
        self.details = details


def project_root() -> Path:
    """The folder of the clone, where Reflex finds `rxconfig.py` and the assets.

    Raises: Problem when the package was installed without it.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / "rxconfig.py").is_file() or not (root / "assets").is_dir():
        raise Problem(
            f"The files that pages are built from are not beside the package ({root}). "
            "Install from a clone: pip install -c constraints.txt -e ."
        )
    return root


def need_free_port(host: str, port: int) -> None:
    """Raises: Problem when something listens there or the port may not be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                sentence = (
                    f"Port {port} on {host} is in use. Stop what runs there, or choose another: --port {port + 1}"
                )
            elif error.errno in (errno.EACCES, errno.EPERM):
                sentence = f"Port {port} may not be used by this user. Choose one above 1023: --port 8000"
            else:
                sentence = f"Cannot listen on {host}:{port} ({error.strerror}). Check SERVICEHUB_HOST."
            raise Problem(sentence) from error


def need_writable(folder: Path, how: str = "Choose another folder: --data FOLDER") -> None:
    """Make `folder` if it is missing, and prove that it can be written.

    Raises: Problem.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".probe-"):
            pass
    except OSError as error:
        raise Problem(f"The folder {folder} cannot be written ({error.strerror}). {how}") from error


def lock_data_folder(folder: Path) -> IO[str]:
    """Hold the data folder for this process until the returned file is closed.

    Raises: Problem when another process holds it.
    """
    path = folder / "servicehub.lock"
    handle = path.open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.seek(0)
        holder = handle.read().strip()
        handle.close()
        who = f" (process {holder})" if holder else ""
        raise Problem(
            f"Another ServiceHub{who} is using {folder}. Stop it, or choose another folder: --data FOLDER"
        ) from error
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


@contextlib.contextmanager
def waiting_turn(path: Path, say_so: Callable[[], object]) -> Iterator[None]:
    """Hold the lock file `path`; while another process does, say so once and wait."""
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say_so()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
