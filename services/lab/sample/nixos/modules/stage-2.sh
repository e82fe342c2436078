# PID 1 of the booted system.  `system` and the settings of the configuration stand above.
export PATH=$system/sw/bin

say() {
  for terminal in /dev/ttyS0 /dev/tty0; do
    echo "<<< $host: $* >>>" 2>/dev/null > $terminal || true
  done
}

failed() {
  say "unit $1: FAILED ($2)"
  : > "/run/units/failed/$1"
}

emergency() {
  failed "$1" "$2"
  say "you are in emergency mode"
  while :; do sleep 3600; done
}

device_there() {
  case "$1" in
    /dev/*)
      for second in 1 2 3 4 5; do
        [ -e "$1" ] && return 0
        sleep 1
      done
      [ -e "$1" ]
      ;;
  esac
}

# Every link but lo asks by DHCP, as dhcpcd does on a host that leaves networking.useDHCP alone.
network_up() {
  [ -n "$(ls /sys/class/net | grep -v '^lo$')" ] || return 1
  for link in /sys/class/net/*; do
    link=${link##*/}
    [ "$link" != lo ] || continue
    ip link set "$link" up
    udhcpc -i "$link" -s "$system/sw/bin/udhcpc-bound" -x "hostname:$host" -n -t 10 -T 2 -A 1 > /run/network.log 2>&1 || return 1
    say "address $(ip -4 -o addr show dev "$link" | awk '{print $4}') on $link"
  done
}

say "stage 2 started"
mkdir -p /run/units/failed /dev/pts /dev/shm /tmp /var/log /root
mount -t devpts devpts /dev/pts
chmod 1777 /tmp
ln -sfn "$system" /run/booted-system
ln -sfn "$system" /run/current-system
for file in "$system"/etc/*; do
  ln -sfn "$file" "/etc/${file##*/}"
done
for word in $(cat /proc/cmdline); do
  case "$word" in systemd.machine_id=*) echo "${word#systemd.machine_id=}" > /etc/machine-id ;; esac
done
[ ! -e /etc/machine-id ] || say "machine id $(cat /etc/machine-id)"
hostname "$host"
ip link set lo up
mkdir -p /lib
ln -sfn "$system/kernel-modules/lib/modules" /lib/modules
for alias in $(cat /sys/bus/pci/devices/*/modalias) $modules; do
  modprobe -q "$alias" 2> /dev/null || true
done
for alias in $(cat /sys/bus/virtio/devices/*/modalias 2> /dev/null); do
  modprobe -q "$alias" 2> /dev/null || true
done
sh "$system/post-boot"

while read -r device point type options; do
  case ",$options," in *,noauto,*) continue ;; esac
  mkdir -p "$point"
  if device_there "$device" && mount -t "$type" -o "$options" "$device" "$point" 2> /dev/null; then
    say "mounted $point"
  else
    case ",$options," in
      *,nofail,*) failed "${point#/}.mount" "no $device" ;;
      *) emergency "${point#/}.mount" "timed out waiting for $device" ;;
    esac
  fi
done < "$system/mounts"
for device in $swaps; do
  { device_there "$device" && swapon "$device"; } || failed "swap-${device##*/}.swap" "no $device"
done

while read -r unit type command; do
  case "$type" in
    dhcp) network_up || failed network.service "no address by DHCP" ;;
    none) ;;
    oneshot) "$command" > "/run/units/$unit.log" 2>&1 || failed "$unit.service" "$(tail -n 1 "/run/units/$unit.log")" ;;
    *) { "$command" < /dev/null 2>&1 || failed "$unit.service" "it ended"; } | while read -r line; do say "$unit: $line"; done & ;;
  esac
done < /etc/units

: > /run/units/settled
say "reached multi-user.target"
while :; do
  sleep 3600 &
  wait $!
done
