# Called by udhcpc with the lease in the environment.
case "$1" in
  bound | renew)
    ip addr flush dev "$interface" scope global
    ip addr add "$ip/${mask:-24}" dev "$interface"
    [ -z "$router" ] || ip route replace default via "${router%% *}" dev "$interface"
    : > /run/resolv.conf
    for server in $dns; do echo "nameserver $server" >> /run/resolv.conf; done
    ln -sfn /run/resolv.conf /etc/resolv.conf
    ;;
esac
