#!/bin/sh
# pppd, and what became of its session: put down, and nothing changed.
#
#   report.sh run SESSION PPPD ARGUMENT…    start pppd; afterwards, how it ended
#   report.sh INTERFACE TTY SPEED LOCAL REMOTE SESSION    as pppd's ip-up-script (pppd(8))
#
# /run is pppd's own folder here; services/pppoe/report.py reads what is written.
set -u
umask 027 # pppd's is 077, and the group has to read it
report() {
    read -r boot < /proc/sys/kernel/random/boot_id
    read -r uptime _ < /proc/uptime
    printf '%s\n' "boot=$boot" "uptime=$uptime" "$@" > /run/report.new
    mv /run/report.new /run/report
}
if [ "$1" != run ]; then
    read -r mtu < "/sys/class/net/$1/mtu"
    report state=up "session=$6" "local=$4" "remote=$5" "mtu=${mtu:-}" "dns1=${DNS1:-}" "dns2=${DNS2:-}"
    exit
fi
session=$2 pppd=$3
shift 3
# What became of the attempt before stays known during this one.
grep -qx state=ended /run/report 2> /dev/null || report state=asking "session=$session"
trap : TERM INT
for plugin in "${pppd%/sbin/pppd}"/lib/pppd/*/pppoe.so; do break; done
"$pppd" plugin "$plugin" "$@"
code=$?
report state=ended "session=$session" "code=$code"
exit "$code"
