# Has networkd ask for an address through the card that BOOTIF= names; without that word, through every one.
match=Type=ether
for word in $(cat "${NIXIE_CMDLINE:-/proc/cmdline}"); do
  case "$word" in BOOTIF=01-*) match=PermanentMACAddress=$(echo "${word#BOOTIF=01-}" | tr - :) ;; esac
done
folder=${NIXIE_NETWORKS:-/run/systemd/network}
mkdir -p "$folder"
# Comes first in networkd's order, before what the host says of its cards.
cat > "$folder/00-nixie.network" << NETWORK
[Match]
$match

[Network]
DHCP=ipv4

[DHCPv4]
ClientIdentifier=mac
NETWORK
