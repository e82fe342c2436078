for bus in pci virtio; do
  for device in $(ls /sys/bus/$bus/devices 2> /dev/null); do
    modprobe -q "$(cat "/sys/bus/$bus/devices/$device/modalias")" || true
  done
done
cat > /run/bound << 'BOUND'
#!/bin/sh
[ "$1" != bound ] || ip addr add "$ip/${mask:-24}" dev "$interface"
[ "$1" != bound ] || [ -z "$router" ] || ip route add default via "${router%% *}" dev "$interface"
BOUND
chmod 755 /run/bound
for file in /run/systemd/network/*.network; do
  [ -e "$file" ] || continue
  mac=$(sed -n 's/^PermanentMACAddress=//p' "$file")
  for link in /sys/class/net/*; do
    [ "$(cat "$link/address")" = "$mac" ] || continue
    ip link set "${link##*/}" up
    udhcpc -i "${link##*/}" -s /run/bound -n -q -t 10 -T 2 > /dev/null 2>&1 || say "network: no address on ${link##*/}"
  done
done
