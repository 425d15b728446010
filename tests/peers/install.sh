#!/bin/sh
# Installs the Debian packages that the tests' peers need: a chroot builder for Asterisk, two SIP phones, a database as FreePBX has it,
# a browser, audio tools.
# Safe to run again: it does nothing when everything is there. Ends with 0 when it may not install; those tests then skip.
set -eu

PACKAGES="mmdebstrap openssl openssh-server sox espeak-ng sip-tester baresip-core chromium ffmpeg"
# MariaDB's programs alone: no service, no data folder. A machine with a MySQL of its own keeps it.
if [ -x /usr/sbin/mariadbd ] || ! [ -x /usr/sbin/mysqld ]; then
    PACKAGES="$PACKAGES mariadb-server-core mariadb-client-core"
fi

missing=""
for package in $PACKAGES; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "test peers: this is not Debian or Ubuntu, so the tests with Asterisk, SIP phones and a browser may be skipped (missing:$missing)."
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "test peers: not root, so tests with Asterisk, SIP phones or a browser may be skipped; to run them: sudo apt-get install -y --no-install-recommends$missing"
    exit 0
fi

# Daemons (sshd) are wanted as programs that a test starts, not as services of this machine.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
echo "test peers: installing$missing"
# shellcheck disable=SC2086  # a list of package names, split on purpose
if ! { apt-get update -qq && apt-get install -y -qq --no-remove --no-install-recommends $missing >/dev/null; }; then
    echo "test peers: apt-get could not install$missing; tests that need them will be skipped (see the error above)." >&2
    [ "${CI:-}" != "true" ]
fi
case "$missing" in
*openssh-server*) systemctl disable --quiet ssh 2>/dev/null || true ;;
esac
