# One POST of toplevel, kernel, uptime, failed and hostname to the address on the command line.
# Runs under bash and busybox ash; needs coreutils, sed, systemctl, and curl or wget.
url=
for word in $(cat "${NIXIE_CMDLINE:-/proc/cmdline}"); do
  case "$word" in nixie.boot=*) url=${word#nixie.boot=} ;; esac
done
if [ -z "$url" ]; then
  echo "not booted by Nixie: nothing to tell"
  exit 0
fi
if [ -e "${NIXIE_RUN:-/run/nixie}/told" ]; then
  echo "told already"
  exit 0
fi

encoded() {
  printf %s "$1" | sed -e 's/%/%25/g' -e 's/&/%26/g' -e 's/+/%2B/g' -e 's/=/%3D/g' -e 's/ /%20/g' -e 's/\\/%5C/g'
}

posted() {
  if command -v curl > /dev/null; then
    curl --silent --show-error --fail --noproxy '*' --max-time 10 --output /dev/null --data "$1" "$url"
  else
    # Its own -T ends in a segmentation fault in Debian's static busybox 1.35.
    env -u http_proxy timeout 10 wget -q -O /dev/null --post-data "$1" "$url"
  fi
}

# Wait until starting has come to an end, well or not, but not for a unit that hangs.
timeout 60 systemctl is-system-running --wait > /dev/null || true
failed=$(systemctl list-units --failed --plain --no-legend | sed -e 's/ .*//' | tr '\n' ',' | sed -e 's/,$//')

tries=0
while [ "$tries" -lt 40 ]; do
  body="toplevel=$(encoded "$(readlink -f "${NIXIE_SYSTEM:-/run/booted-system}")")"
  body="$body&kernel=$(encoded "$(uname -r)")"
  body="$body&uptime=$(sed -e 's/ .*//' /proc/uptime)"
  body="$body&failed=$(encoded "$failed")"
  body="$body&hostname=$(encoded "$(cat /proc/sys/kernel/hostname)")"
  if [ -s "${NIXIE_RUN:-/run/nixie}/identity" ]; then
    body="$body&identity=$(encoded "$(cat "${NIXIE_RUN:-/run/nixie}/identity")")"
    body="$body&ssh=$(encoded "$(cut -d ' ' -f 1,2 "$NIXIE_SSH_KEY")")"
  fi
  if posted "$body"; then
    : > "${NIXIE_RUN:-/run/nixie}/told"
    echo "the router knows that this system is up"
    exit 0
  fi
  tries=$((tries + 1))
  sleep $((tries < 10 ? tries : 10))
done
echo "the router did not answer at $url"
exit 1
