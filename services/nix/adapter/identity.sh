# Leaves in /run/nixie: mac (aa:bb:…) and link (eth0) of the card that BOOTIF= names.
mkdir -p /run/nixie
mac=
for word in $(cat /proc/cmdline); do
  case "$word" in BOOTIF=*) mac=$(echo "${word#BOOTIF=01-}" | tr - : | tr A-F a-f) ;; esac
done
if [ -z "$mac" ]; then
  echo "no BOOTIF= on the command line"
  exit 0
fi
echo "$mac" > /run/nixie/mac
for link in /sys/class/net/*; do
  if [ "$(cat "$link/address" 2> /dev/null)" = "$mac" ]; then
    echo "${link##*/}" > /run/nixie/link
  fi
done

# For a host that configures other cards only: comes last in networkd's order, so whatever the host says wins.
# The hardware address as client id keeps the address that the firmware had.
if [ -n "$NIXIE_NETWORKD" ]; then
  mkdir -p /run/systemd/network
  cat > /run/systemd/network/99-zz-nixie.network << END
[Match]
PermanentMACAddress=$mac
Type=ether

[Network]
DHCP=ipv4

[DHCPv4]
ClientIdentifier=mac
END
fi
