# Who this machine is: puts its SSH host key, which is its age identity too, into place before the system is activated.
# Runs in the first stage, in the mounted system (chroot), under busybox with openssl, kmod's modprobe and, for a TPM,
# systemd-creds.  Tried in this order: the partition nixie-state; what the TPM sealed; the owner, who compares two codes.
# What the router is told and answers is in services/netboot/identity/serve.py.  NIXIE_SSH_KEY is where the key goes; a
# busybox may take its own modprobe for kmod's, and its own name for a path, so NIXIE_MODPROBE and NIXIE_SHELL say which.
umask 077
work=/.nixie
mkdir -p /proc /sys /dev "$work"
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs -o mode=700 tmpfs "$work"
trap 'cd /; umount -l "$work" /dev /sys /proc; rmdir "$work"' EXIT
cd "$work"

url= mac= system=
for word in $(cat /proc/cmdline); do
  case "$word" in
    nixie.identity=*) url=${word#nixie.identity=} ;;
    BOOTIF=*) mac=$(echo "${word#BOOTIF=01-}" | tr - : | tr A-F a-f) ;;
    init=*) system=${word#init=} system=${system%/*} ;;
  esac
done

say() { echo "Nixie: $*"; }

drivers() {
  cat /sys/bus/*/devices/*/modalias 2> /dev/null | sort -u | while read -r alias; do
    "$NIXIE_MODPROBE" -q -d "$system/kernel-modules" "$alias" 2> /dev/null
  done
}

# ── the key: 32 random bytes, and what ssh makes of them ─────────────────────────────────────────

word32() { printf '%b' "\\0$(printf %o $(($1 >> 24 & 255)))\\0$(printf %o $(($1 >> 16 & 255)))\\0$(printf %o $(($1 >> 8 & 255)))\\0$(printf %o $(($1 & 255)))"; }
text() { word32 "${#1}"; printf %s "$1"; }

# public SEED: the 32 bytes of its public half (the header is that of RFC 8410, section 7).
public() {
  { printf '\060\056\002\001\000\060\005\006\003\053\145\160\004\042\004\040'; cat "$1"; } |
    openssl pkey -inform DER -pubout -outform DER | tail -c 32
}

# named PUBLIC: the key as ssh names it.
named() { text ssh-ed25519; word32 32; cat "$1"; }

# made SEED: ssh's two files for it, key and key.pub (PROTOCOL.key of OpenSSH).
made() {
  public "$1" > half
  [ "$(wc -c < half)" = 32 ] || return 1
  {
    printf 'openssh-key-v1\0'
    text none
    text none
    word32 0
    word32 1
    word32 51
    named half
    word32 136
    word32 0
    word32 0
    named half
    word32 64
    cat "$1" half
    word32 0
    printf '\001\002\003\004\005'
  } > bytes
  { echo "-----BEGIN OPENSSH PRIVATE KEY-----"; base64 -w 70 bytes; echo "-----END OPENSSH PRIVATE KEY-----"; } > key
  echo "ssh-ed25519 $(named half | base64 -w 0)" > key.pub
}

# placed WAY SENTENCE: key and key.pub go where the system looks for them.
placed() {
  (umask 022; mkdir -p "${NIXIE_SSH_KEY%/*}")
  if ! cp key "$NIXIE_SSH_KEY" || ! cp key.pub "$NIXIE_SSH_KEY.pub"; then
    say "the SSH host key cannot be written to $NIXIE_SSH_KEY, so this machine starts without its identity"
    exit 0
  fi
  chmod 600 "$NIXIE_SSH_KEY"
  chmod 644 "$NIXIE_SSH_KEY.pub"
  echo "$1" > /.nixie-identity
  say "this machine has the SSH host key SHA256:$(named half | openssl dgst -sha256 -binary | base64 -w 0 | tr -d =), $2"
  exit 0
}

# ── its own disk ─────────────────────────────────────────────────────────────────────────────────

partition() {
  for one in /dev/disk/by-label/nixie-state /dev/disk/by-partlabel/nixie-state; do
    if [ -b "$one" ]; then echo "$one"; return 0; fi
  done
  findfs LABEL=nixie-state 2> /dev/null
}

on_disk() {
  device=$(partition) || return 0
  for type in ext4 vfat btrfs xfs; do "$NIXIE_MODPROBE" -q -d "$system/kernel-modules" "$type" 2> /dev/null; done
  mkdir -p disk
  if ! mount -o nosuid,nodev,noexec "$device" disk; then
    say "the partition nixie-state, $device, cannot be mounted, so this machine's key is not read from it"
    return 0
  fi
  if [ ! -s disk/identity/seed ]; then
    mkdir -p disk/identity
    chmod 700 disk/identity
    head -c 32 /dev/random > disk/identity/seed.new && sync && mv disk/identity/seed.new disk/identity/seed && sync
  fi
  cp disk/identity/seed seed
  umount disk
  if made seed; then placed disk "which lies on its own disk"; fi
  say "the key in the partition nixie-state cannot be read: remove identity/seed there for a new one"
}

# ── the router ───────────────────────────────────────────────────────────────────────────────────

link_of_mac() {
  for one in /sys/class/net/*; do
    if [ "$(cat "$one/address" 2> /dev/null)" = "$mac" ]; then echo "${one##*/}"; return 0; fi
  done
  return 1
}

network() {
  link=$(link_of_mac) || { drivers; sleep 2; link=$(link_of_mac); } || { say "the network card $mac has no driver here"; return 1; }
  cat > leased << 'END'
#!/bin/sh
[ "$1" != bound ] || ip addr add "$ip/${mask:-24}" dev "$interface"
END
  sed -i "1s|.*|#!$NIXIE_SHELL|" leased
  chmod 700 leased
  ip link set "$link" up
  udhcpc -i "$link" -s "$work/leased" -n -q -t 20 -T 2 > /dev/null 2>&1 || { say "no address came by DHCP on $link"; return 1; }
  trap 'cd /; ip addr flush dev "$link"; ip link set "$link" down; umount -l "$work" /dev /sys /proc; rmdir "$work"' EXIT
}

asked() { timeout 20 wget -q -O - "$url" 2> why; }
told() { timeout 20 wget -q -O - --post-file "$1" "$url" 2> why; }
patiently() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt 5 ] || return 1
    sleep 2
  done
}

has_tpm() { command -v systemd-creds > /dev/null && [ -e /dev/tpmrm0 ]; }
# Bound to register 23, which nobody measures into: systemd 252 cannot open what is bound to none.
sealed() { systemd-creds encrypt --with-key=tpm2 --tpm2-pcrs=23 --name=nixie-identity seed - 2> why | tr -d '\n'; }
unsealed() { systemd-creds decrypt --name=nixie-identity blob seed 2> why && [ "$(wc -c < seed)" = 32 ]; }

# What this machine will show: a key that its TPM sealed, or where to send one to.
shown() {
  echo "nixie-identity 1"
  echo "salt $(head -c 16 /dev/random | od -An -tx1 | tr -d ' \n')"
  if has_tpm && head -c 32 /dev/random > seed && made seed && sealed > blob && [ -s blob ]; then
    echo "ssh $(cat key.pub)"
    echo "sealed $(cat blob)"
  else
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out asker 2> /dev/null
    echo "key $(openssl pkey -in asker -pubout -outform DER | base64 -w 0)"
  fi
}

# first_contact: the owner compares two codes.  0 with the key made, 1 without.
first_contact() {
  say "this machine asks for its identity"
  shown > show
  echo "bound $(sha256sum < show | cut -d ' ' -f 1)" > bound
  nonce=$(patiently told bound) || { say "the router does not answer at ${url%.*}: $(tail -n 1 why)"; return 1; }
  digits=$({ cat show; printf %s "${nonce#nonce }"; } | sha256sum | cut -c 1-8)
  digits=$(printf %06d $((0x$digits % 1000000)))
  patiently told show > heard || { say "the router does not take what this machine shows: $(tail -n 1 why)"; return 1; }
  say "its code is $(echo "$digits" | cut -c 1-3) $(echo "$digits" | cut -c 4-6)"
  say "On its page in the admin the same code must stand: approve it there. After ten minutes it starts without identity."
  second=0
  while [ "$second" -lt 600 ]; do
    case "$(asked)" in
      kept) return 0 ;;
      seed\ *)
        asked | cut -d ' ' -f 2 | base64 -d > answer
        openssl pkeyutl -decrypt -inkey asker -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -in answer -out seed && made seed
        return
        ;;
      refused) say "the owner refused: this machine starts without its identity"; return 1 ;;
    esac
    sleep 3
    second=$((second + 3))
  done
  say "nobody approved: this machine starts without its identity"
  return 1
}

on_disk
[ -n "$url" ] || exit 0
network || exit 0
case "$(patiently asked)" in
  disk)
    drivers
    for second in 1 2 3 4 5; do
      sleep 1
      on_disk
    done
    say "this machine is known by a key in its partition nixie-state, which is not there"
    ;;
  sealed\ *)
    asked | cut -d ' ' -f 2 > blob
    if has_tpm && unsealed && made seed; then placed tpm "which its TPM keeps"; fi
    say "this machine is known by its TPM, and that does not open its key: $(tail -n 1 why 2> /dev/null)"
    ;;
esac
if first_contact; then
  if grep -q '^sealed ' show; then placed tpm "which its TPM keeps"; fi
  placed router "which the router keeps"
fi
exit 0
