"""A MariaDB server of a test's own, as FreePBX and Issabel keep their call records in one: not a service of this machine."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from typing import Any

from tests.peers import PeerMissing
from tests.peers.file_servers import _Server

_PACKAGES = "mariadb-server-core mariadb-client-core"
_INSTALL_LIMIT_S = 60
#: FreePBX's own: cdr and cel of its module, and the user that Asterisk writes with is not the one that reads.
DATABASE = "asteriskcdrdb"
READER, READER_PASSWORD = "reader", "p@ss/w:rd"  # what has to be escaped in an address
CDR = """\
CREATE TABLE cdr (
  calldate datetime NOT NULL DEFAULT '0000-00-00 00:00:00', clid varchar(80) NOT NULL DEFAULT '',
  src varchar(80) NOT NULL DEFAULT '', dst varchar(80) NOT NULL DEFAULT '', dcontext varchar(80) NOT NULL DEFAULT '',
  channel varchar(80) NOT NULL DEFAULT '', dstchannel varchar(80) NOT NULL DEFAULT '',
  lastapp varchar(80) NOT NULL DEFAULT '', lastdata varchar(80) NOT NULL DEFAULT '',
  duration int(11) NOT NULL DEFAULT 0, billsec int(11) NOT NULL DEFAULT 0, disposition varchar(45) NOT NULL DEFAULT '',
  amaflags int(11) NOT NULL DEFAULT 0, accountcode varchar(20) NOT NULL DEFAULT '',
  uniqueid varchar(32) NOT NULL DEFAULT '', userfield varchar(255) NOT NULL DEFAULT '', did varchar(50) NOT NULL DEFAULT '',
  recordingfile varchar(255) NOT NULL DEFAULT '', cnum varchar(80) NOT NULL DEFAULT '', cnam varchar(80) NOT NULL DEFAULT '',
  outbound_cnum varchar(80) NOT NULL DEFAULT '', outbound_cnam varchar(80) NOT NULL DEFAULT '',
  dst_cnam varchar(80) NOT NULL DEFAULT '', linkedid varchar(32) NOT NULL DEFAULT '',
  peeraccount varchar(80) NOT NULL DEFAULT '', sequence int(11) NOT NULL DEFAULT 0,
  KEY calldate (calldate), KEY dst (dst), KEY accountcode (accountcode), KEY uniqueid (uniqueid), KEY did (did),
  KEY recordingfile (recordingfile(191))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci"""
CEL = """\
CREATE TABLE cel (
  id int(11) NOT NULL AUTO_INCREMENT, eventtype varchar(30) NOT NULL, eventtime datetime NOT NULL,
  cid_name varchar(80) NOT NULL DEFAULT '', cid_num varchar(80) NOT NULL DEFAULT '', cid_ani varchar(80) NOT NULL DEFAULT '',
  cid_rdnis varchar(80) NOT NULL DEFAULT '', cid_dnid varchar(80) NOT NULL DEFAULT '', exten varchar(80) NOT NULL DEFAULT '',
  context varchar(80) NOT NULL DEFAULT '', channame varchar(80) NOT NULL DEFAULT '', appname varchar(80) NOT NULL DEFAULT '',
  appdata varchar(255) NOT NULL DEFAULT '', amaflags int(11) NOT NULL DEFAULT 0, accountcode varchar(20) NOT NULL DEFAULT '',
  uniqueid varchar(32) NOT NULL DEFAULT '', linkedid varchar(32) NOT NULL DEFAULT '', peer varchar(80) NOT NULL DEFAULT '',
  userdeftype varchar(255) NOT NULL DEFAULT '', extra varchar(512) NOT NULL DEFAULT '',
  PRIMARY KEY (id), KEY uniqueid_index (uniqueid), KEY linkedid_index (linkedid), KEY context_index (context)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci"""


class MariaDb(_Server):
    """`with MariaDb() as server`: FreePBX's empty tables and a user that may only read them, over a loopback port."""

    def __init__(self) -> None:
        self._mariadbd, install = programs()
        super().__init__()
        self.socket = self._dir / "socket"
        own = ["--no-defaults", f"--user={getpass.getuser()}", f"--datadir={self._dir / 'data'}"]
        self._own = [*own, "--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=0"]
        made = subprocess.run(
            [install, *self._own, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"],
            cwd=self._dir, capture_output=True, text=True, timeout=_INSTALL_LIMIT_S, check=False,
        )  # fmt: skip
        if made.returncode != 0:
            shutil.rmtree(self._dir, ignore_errors=True)
            raise RuntimeError(f"mariadb-install-db failed: {(made.stdout + made.stderr)[-1500:]}")

    def start(self) -> None:
        fresh = not (self._dir / "data" / DATABASE).exists()
        super().start()
        if fresh:
            self.execute(f"CREATE DATABASE {DATABASE}", database=None)
            self.execute(CDR)
            self.execute(CEL)
            self.execute(f"CREATE USER {READER}@'127.0.0.1' IDENTIFIED BY '{READER_PASSWORD}'")
            self.execute(f"GRANT SELECT ON {DATABASE}.* TO {READER}@'127.0.0.1'")

    def url(self, scheme: str = "mysql", *, password: str = "p%40ss%2Fw%3Ard") -> str:
        """As `reader`."""
        return f"{scheme}://{READER}:{password}@127.0.0.1:{self.port}/{DATABASE}"

    def execute(self, statement: str, values: Any = (), *, database: str | None = DATABASE) -> None:
        """As root, in the zone that this machine's clock shows."""
        import pymysql

        with (
            pymysql.connect(
                unix_socket=str(self.socket), user="root", database=database, autocommit=True
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, values)

    def insert(self, table: str, **row: Any) -> None:
        columns, places = ", ".join(row), ", ".join(["%s"] * len(row))
        self.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", tuple(row.values()))

    def _command(self) -> list[str]:
        return [
            self._mariadbd, *self._own, f"--socket={self.socket}", f"--port={self.port}", "--bind-address=127.0.0.1",
            "--skip-networking=0", "--skip-log-bin", "--performance-schema=0", "--innodb-buffer-pool-size=16M",
        ]  # fmt: skip


def programs() -> tuple[str, str]:
    """The server, and what makes its first data folder. Raises PeerMissing."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    server, install, defaults = (
        shutil.which(name, path=path) for name in ("mariadbd", "mariadb-install-db", "my_print_defaults")
    )
    if server is None or install is None or defaults is None:
        raise PeerMissing(
            f"mariadbd is not installed; run tests/peers/install.sh as root, or: apt-get install {_PACKAGES}"
        )
    return server, install
