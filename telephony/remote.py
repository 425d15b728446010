"""Recordings on another machine, by SFTP or S3: found there, fetched once, checked, and let go of when they were used.

The one place that knows fsspec. Neither passwords nor keys are in an address, an error or a log; an SFTP server whose host
key is not known is refused.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from avasanj.errors import SettingsError
from avasanj.log import get_logger
from avasanj.settings import Settings
from telephony import problems
from telephony.storage import Away, Stat, name_here

T = TypeVar("T")
_TIMEOUT_S = 10.0
_BLOCK_BYTES = 1 << 18
_DAY_S = 86_400.0
#: A copy that nothing came to take: its call's work is stuck, and fetches it again when it goes on.
_UNUSED_S = 7 * _DAY_S
_LOOK_EVERY_S = 2.0
#: What a server says of a file that is not there or not ours: the rest means that the server is away.
_OF_THE_FILE = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_log = get_logger(__name__)


class Remote:
    """One address, such as sftp://user@host/var/spool/asterisk/monitor or s3://bucket/folder."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._url = urlsplit(url.rstrip("/"))
        if self._url.scheme not in ("sftp", "s3") or not self._url.hostname or self._url.password:
            raise SettingsError(
                "AVASANJ_RECORDINGS_URLS holds an address that can't be used. Write sftp://user@host/folder or "
                "s3://bucket/folder, and the password or key into settings of their own."
            )
        self.label = url.rstrip("/")
        self._settings = settings
        self._fetched = settings.fetched_dir
        self._filesystem: Any = None
        self._next_look = float("-inf")
        self._fault: str | None = None

    def check(self) -> None:
        """Ask no more often than every two seconds: while it is away each question may cost a time-out."""
        if time.monotonic() >= self._next_look:
            self._fault = self._looked()
            self._next_look = time.monotonic() + _LOOK_EVERY_S
        if self._fault is not None:
            raise Away(self._fault)

    def _looked(self) -> str | None:
        """Why it can't be reached, in words for a person; None where it can."""
        try:
            self._ask(lambda fs: _look(fs, self._url), missing=self._no_root)
        except Away as away:
            return str(away)
        except OSError as error:
            return problems.text(problems.FOLDER_AWAY, folder=self.label, fault=_words(error))
        return None

    def inside(self, pbx_path: str) -> PurePosixPath | None:
        """An SFTP server's paths are the PBX's own where both are one machine; S3's never are."""
        wanted, root = PurePosixPath(pbx_path), PurePosixPath(self._url.path or "/")
        if self._url.scheme != "sftp" or ".." in wanted.parts or not wanted.is_relative_to(root):
            return None
        return wanted.relative_to(root)

    def is_folder(self, relative: PurePosixPath) -> bool:
        """S3 has no folders but in names; the top is one, whatever is in it."""
        if relative == PurePosixPath():
            return True
        info = self._info(relative)
        return info is not None and info["type"] == "directory"

    def stat(self, relative: PurePosixPath) -> Stat | None:
        info = self._info(relative)
        if info is None or info["type"] != "file":
            return None
        modified = info.get("mtime") if self._url.scheme == "sftp" else None
        return Stat(size=int(info["size"]), modified_s=None if modified is None else modified.timestamp())

    def kept_as(self, relative: PurePosixPath) -> str:
        return f"{self.label}/{relative}"

    def owns(self, kept: str) -> bool:
        return kept.startswith(f"{self.label}/") and ".." not in PurePosixPath(kept).parts

    def at_hand(self, kept: str, *, size: int | None = None) -> Path:
        """The copy that was fetched; fetched now where there is none or, with `size`, one of another size."""
        copy = self._fetched / name_here(kept)
        relative = PurePosixPath(kept.removeprefix(f"{self.label}/"))
        if copy.is_file() and size in (None, copy.stat().st_size):
            return copy
        there = self.stat(relative)
        if there is None:
            raise FileNotFoundError(kept)
        tidy(self._settings, room_for=there.size)
        self._fetch(relative, there.size, copy)
        return copy

    def _fetch(self, relative: PurePosixPath, size: int, copy: Path) -> None:
        """Whole or not at all. A file that is other than it was told to be is still being written: OSError."""
        self._fetched.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=self._fetched, prefix=".fetching-")
        try:
            with os.fdopen(handle, "wb") as target:
                got = self._ask(lambda fs: _copied(fs, self._place(relative), target))
                target.flush()
                os.fsync(target.fileno())
            if got != size:
                raise OSError(f"{relative.name} changed while it was fetched")
            Path(name).replace(copy)
        finally:
            Path(name).unlink(missing_ok=True)

    def _info(self, relative: PurePosixPath) -> dict[str, Any] | None:
        place = self._place(relative)
        found: dict[str, Any] | None = self._ask(lambda fs: fs.info(place), missing=lambda: None)
        return found

    def _place(self, relative: PurePosixPath) -> str:
        return str(PurePosixPath(_top(self._url)) / relative)

    def _ask(self, question: Callable[[Any], T], *, missing: Callable[[], T] | None = None) -> T:
        """Ask the server, by a new connection where the old one broke. Raises Away, and OSError about one file."""
        for attempt in (1, 2):
            try:
                if self._filesystem is None:
                    self._filesystem = _OPEN[self._url.scheme](self._url, self._settings)
                return question(self._filesystem)
            except FileNotFoundError:
                if missing is None:
                    raise
                return missing()
            except _OF_THE_FILE:
                raise
            except ImportError as error:
                raise SettingsError(
                    f"{self._url.scheme} needs more packages. Install them: pip install 'avasanj[{self._url.scheme}]'."
                ) from error
            except Exception as error:  # noqa: BLE001 - paramiko's, botocore's and the socket's have no base in common
                self.close()
                if attempt == 2 or not isinstance(error, (OSError, EOFError)):
                    raise Away(problems.text(problems.FOLDER_AWAY, folder=self.label, fault=_words(error))) from None
        raise AssertionError("unreachable")

    def _no_root(self) -> None:
        raise Away(problems.text(problems.FOLDER_AWAY, folder=self.label, fault="it is not there"))

    def close(self) -> None:
        """Let go of the connection; the next question makes another one."""
        filesystem, self._filesystem = self._filesystem, None
        with contextlib.suppress(Exception):
            if self._url.scheme == "sftp" and filesystem is not None:
                filesystem.client.close()


def tidy(settings: Settings, *, room_for: int = 0) -> None:
    """Remove fetched copies that are beyond the bound, older than they are kept, or unfinished since long."""
    folder = settings.fetched_dir
    copies = []
    for path in folder.iterdir() if folder.is_dir() else ():
        with contextlib.suppress(OSError):
            copies.append((path.stat().st_mtime, path.stat().st_size, path))
    left = sum(size for _, size, _ in copies) + room_for
    for modified, size, path in sorted(copies):
        keep_s = max(settings.fetched_keep_days * _DAY_S, _UNUSED_S)
        stale = time.time() - modified > (_DAY_S if path.name.startswith(".fetching-") else keep_s)
        if stale or left > settings.fetched_most_mb * 1_000_000:
            path.unlink(missing_ok=True)
            left -= size


def _top(url: SplitResult) -> str:
    return url.path or "/" if url.scheme == "sftp" else f"{url.hostname}{url.path}"


def _look(filesystem: Any, url: SplitResult) -> None:
    """Whether the place is there, by as little as possible: a bucket may be listed, but not always all buckets."""
    if url.scheme == "sftp":
        filesystem.info(_top(url))
    else:
        filesystem.call_s3("list_objects_v2", Bucket=url.hostname, Prefix=url.path.lstrip("/"), MaxKeys=1)


def _copied(filesystem: Any, place: str, target: IO[bytes]) -> int:
    """Bytes copied, from the beginning of both."""
    target.seek(0)
    target.truncate()
    with filesystem.open(place, "rb", block_size=_BLOCK_BYTES) as source:
        while block := source.read(_BLOCK_BYTES):
            target.write(block)
    return target.tell()


def _sftp(url: SplitResult, settings: Settings) -> Any:
    import paramiko
    from fsspec.implementations.sftp import SFTPFileSystem

    class CheckedSftp(SFTPFileSystem):  # type: ignore[misc]
        """fsspec's own takes any host key."""

        cachable = False

        def _connect(self) -> None:
            self.client = paramiko.SSHClient()
            if settings.sftp_known_hosts is None:
                self.client.load_system_host_keys()
            else:
                self.client.load_host_keys(str(settings.sftp_known_hosts))
            self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
            self.client.connect(self.host, **self.ssh_kwargs)
            self.ftp = self.client.open_sftp()
            self.ftp.get_channel().settimeout(_TIMEOUT_S)

    options: dict[str, Any] = {"port": url.port or 22, "username": url.username}
    if settings.sftp_key_file is not None:
        options |= {"key_filename": str(settings.sftp_key_file), "allow_agent": False, "look_for_keys": False}
    if settings.sftp_password is not None:
        options |= {"password": settings.sftp_password.get_secret_value()}
    times = dict.fromkeys(("timeout", "banner_timeout", "auth_timeout", "channel_timeout"), _TIMEOUT_S)
    return CheckedSftp(url.hostname, **options, **times)


def _s3(url: SplitResult, settings: Settings) -> Any:  # noqa: ARG001 - as _sftp
    from s3fs import S3FileSystem

    secret = settings.s3_secret_key
    return S3FileSystem(
        key=settings.s3_access_key,
        secret=None if secret is None else secret.get_secret_value(),
        endpoint_url=settings.s3_endpoint,
        config_kwargs={
            "connect_timeout": _TIMEOUT_S,
            "read_timeout": _TIMEOUT_S,
            "retries": {"max_attempts": 1},
        },
        use_listings_cache=False,
        skip_instance_cache=True,
    )


_OPEN: dict[str, Callable[[SplitResult, Settings], Any]] = {"sftp": _sftp, "s3": _s3}
#: By the name of the class, since the classes are those of packages that need not be there.
_WORDS = {
    "BadHostKeyException": "its host key is another one than is known",
    "AuthenticationException": "the log-in was refused",
    "BadAuthenticationType": "the log-in was refused",
    "NoCredentialsError": "no access key is set",
    "EndpointConnectionError": "the server can't be reached",
    "NoValidConnectionsError": "the server can't be reached",
    "ConnectTimeoutError": "no answer",
    "ReadTimeoutError": "no answer",
    "EOFError": "the connection broke",
    "PermissionError": "access is refused",
}


def _words(error: Exception) -> str:
    """What a library's error means, without its text, which may hold what belongs into no log."""
    if type(error).__name__ == "SSHException" and "not found in known_hosts" in str(error):
        return "its host key is not known"
    known = _WORDS.get(type(error).__name__)
    if known is None and isinstance(error, TimeoutError):
        known = "no answer"
    return known or (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
