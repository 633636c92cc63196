#!/bin/sh
# Puts this checkout's app on this host, from the checkout's root, as root: sh infra/deploy/install.sh
# Again for an upgrade: the version before stays beside it, and /opt/rowlight/current leads to the one that is run.
# PYTHON names the interpreter (3.11 or newer), LOCKS what is installed.
set -eu
umask 022
PYTHON=${PYTHON:-python3}
LOCKS=${LOCKS:-requirements-telemetry.txt}

version=$(date -u +%Y%m%dT%H%M%SZ)
target=/opt/rowlight/$version
mkdir -p "$target/.streamlit"
"$PYTHON" -m venv "$target/venv"
set --
for lock in $LOCKS; do set -- "$@" -r "$lock"; done
"$target/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  --require-hashes --only-binary :all: --no-compile "$@"
"$target/venv/bin/python" -m pip uninstall --quiet --yes setuptools pip
cp .streamlit/config.toml "$target/.streamlit/"
cp -R app LICENSE "$target/"
find "$target/app" -name __pycache__ -prune -exec rm -rf {} +
chmod -R a+rX,go-w "$target"
"$target/venv/bin/python" -m compileall -q -j 0 --invalidation-mode unchecked-hash "$target/venv/lib" "$target/app"

# One rename: whoever starts finds the old one or the new one, and never half of either.
ln -s "$version" /opt/rowlight/current.new
mv -T /opt/rowlight/current.new /opt/rowlight/current

install -d -m 0700 /etc/rowlight
[ -e /etc/rowlight/settings.env ] || install -m 0600 /dev/null /etc/rowlight/settings.env
install -m 0644 infra/deploy/rowlight@.service /etc/systemd/system/rowlight@.service
echo "Rowlight is in $target. Settings: /etc/rowlight/settings.env. Then: systemctl daemon-reload, and for each port systemctl restart rowlight@8501"
