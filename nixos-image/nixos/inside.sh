#!/bin/sh
# inside.sh PACKAGES COMMAND…: run it in a view of its own in which /usr and /bin are those of PACKAGES.
#
# Nixie looks for other programs where Debian has them.  Everything else is the machine's: /run too, so
# that the network namespaces of one lab are seen by the next command.
set -eu
packages=$1
shift
PATH=$packages/usr/bin:$PATH
[ "$(id -u)" = 0 ] || exec "$@"
exec unshare --mount --propagation unchanged sh -euc '
    packages=$1
    shift
    mount --make-private /
    mkdir -p /usr /bin
    mount --bind "$packages/usr" /usr
    mount --bind /usr/bin /bin
    export PATH=/usr/bin:/bin
    exec "$@"' inside "$packages" "$@"
