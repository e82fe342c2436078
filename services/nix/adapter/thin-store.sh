# Fetches the store image that nixie.store= names, goes on where it broke off, checks the hash, and puts it where the one
# inside a ramdisk would lie.
#
# Runs under bash and busybox ash; needs coreutils, mount, and curl or wget.  What cannot be mended stops here, with a
# sentence on the screen, and the router is told which one it was.
place=${NIXIE_PLACE:-/run/nixie-store}
image=$place/store.squashfs
patience=${NIXIE_PATIENCE:-150} # tries without a byte, two seconds each
spare=$((32 << 20))             # bytes for whoever fetches and for the start of the host
url=
size=
for word in $(cat "${NIXIE_CMDLINE:-/proc/cmdline}"); do
  case "$word" in
    nixie.store=*) url=${word#nixie.store=} ;;
    nixie.store-size=*) size=${word#nixie.store-size=} ;;
  esac
done
if [ -z "$url" ]; then
  echo "the store came inside the ramdisk: nothing to fetch"
  exit 0
fi
folder=${url%/*}
wanted=${folder##*/}
router=${url#*://}
router=${router%%/*}

there() { [ ! -e "$image" ] && echo 0 || stat -c %s "$image"; }

# The HTTP status, "" when there was no answer; the rest of the file from where it ends.
fetched() {
  if command -v curl > /dev/null; then
    curl --silent --fail --noproxy '*' --connect-timeout 5 --speed-limit 1 --speed-time 15 --continue-at - \
      --write-out '%{http_code}' --output "$image" "$url"
  else
    env -u http_proxy wget -q -c -O "$image" "$url"
  fi
}

told() {
  if command -v curl > /dev/null; then
    curl --silent --noproxy '*' --max-time 10 --output /dev/null "${folder%/*}/err?at=store&errno=$1"
  else
    env -u http_proxy timeout 10 wget -q -O /dev/null "${folder%/*}/err?at=store&errno=$1"
  fi
}

stop() {
  told "$1" || true
  echo "Nixie: $2"
  echo "Nixie: $3"
  exit 1
}

mkdir -p "$place"
# As large as the store: a part of the memory would be too little for a large one.
mount -t tmpfs -o "mode=0755,size=$size" tmpfs "$place"

free=
while read -r name amount _; do
  [ "$name" != MemAvailable: ] || free=$((amount * 1024))
done < "${NIXIE_MEMINFO:-/proc/meminfo}"

echo "Nixie: the store has $((size >> 20)) MiB; it comes from $router"
if [ -n "$free" ] && [ "$free" -lt "$((size + spare))" ]; then
  stop no-memory "it does not fit: only $((free >> 20)) MiB of memory are free, and $((spare >> 20)) MiB must stay free." "Give the machine more memory, or make the host smaller."
fi
tries=0 asked=no
while [ "$(there)" -lt "$size" ]; do
  before=$(there)
  if [ "$before" -gt 0 ]; then echo "Nixie: going on after $((before >> 20)) MiB"; fi
  status=$(fetched) || true
  case "$status" in
    403 | 404 | 410) stop "http-$status" "the router does not give this store out any more." "Switch the machine off and on: it gets a new address for it." ;;
  esac
  if [ "$(there)" -gt "$before" ]; then
    tries=0 asked=no
    continue
  fi
  tries=$((tries + 1))
  if [ "$tries" -ge "$patience" ]; then
    stop unreachable "the router at $router was silent for too long." "Look at the cable and at the router, then switch the machine off and on."
  fi
  if [ "$asked" = no ]; then
    echo "Nixie: no answer from $router yet; asking again every two seconds"
    asked=yes
  fi
  sleep 2
done

found=$(sha256sum "$image")
found=${found%% *}
if [ "$found" != "$wanted" ]; then
  rm -f "$image"
  stop wrong-hash "the store that came is not the one that was announced: it is refused." "It should be $wanted and is $found. Look at the router's disk."
fi
ln -sfn "$image" "${NIXIE_LINK:-/nix-store.squashfs}"
echo "Nixie: the store is here and is the one that was announced"
