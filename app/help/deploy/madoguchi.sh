#!/bin/sh
# /usr/local/bin/madoguchi, mode 0755: the command line for root, as the user and with the settings of the processes.
set -a
. /etc/madoguchi/madoguchi.env
cd /opt/madoguchi || exit 1
exec runuser -u madoguchi -- /opt/madoguchi/.venv/bin/madoguchi "$@"
