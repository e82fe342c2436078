#!/bin/sh
# dhcpcd's hook: put down what the provider delegated, and when.  It changes nothing.
#
# /var/lib is dhcpcd's own folder here; services/delegation/report.py reads what is written.
set -eu
case $reason in
BOUND6 | REBOOT6 | RENEW6 | REBIND6) ;;
EXPIRE6) rm -f /var/lib/report && exit ;;
*) exit 0 ;;
esac
read -r boot < /proc/sys/kernel/random/boot_id
read -r uptime _ < /proc/uptime
{
    echo "boot=$boot"
    echo "uptime=$uptime"
    env | grep '^new_dhcp6_ia_pd1_prefix' || :
} > /var/lib/report.new
mv /var/lib/report.new /var/lib/report
