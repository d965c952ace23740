#!/bin/sh
# /usr/local/bin/madoguchi, mode 0755: the command line for root, as the user and with the settings of the processes.
# The file is read as systemd does: a line is a value as it stands, not a command of the shell.
while read -r line || [ -n "$line" ]; do
    case $line in '' | \#* | \;*) continue ;; esac
    name=${line%%=*} value=${line#*=}
    case $value in
    \"*\") value=${value#\"} value=${value%\"} ;;
    \'*\') value=${value#\'} value=${value%\'} ;;
    esac
    printenv "$name" >/dev/null || export "$name=$value" # what the caller says himself is meant
done </etc/madoguchi/madoguchi.env || exit 1
# Files are named from here, unless that user may not be here (/root).
runuser -u madoguchi -- test -x . || cd /opt/madoguchi || exit 1
exec runuser -u madoguchi -- /opt/madoguchi/.venv/bin/madoguchi "$@"
