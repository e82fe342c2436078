# One POST of toplevel, kernel, uptime, failed, hostname, health and log to the address on the command line; after that one of
# what the system was switched to, each time that somebody does so.
# Runs under bash and busybox ash; needs coreutils, sed, systemctl, and curl or wget.
url=
for word in $(cat "${NIXIE_CMDLINE:-/proc/cmdline}"); do
  case "$word" in nixie.boot=*) url=${word#nixie.boot=} ;; esac
done
if [ -z "$url" ]; then
  echo "not booted by Nixie: nothing to tell"
  exit 0
fi
encoded() {
  printf %s "$1" | sed -e 's/%/%25/g' -e 's/&/%26/g' -e 's/+/%2B/g' -e 's/=/%3D/g' -e 's/ /%20/g' -e 's/\\/%5C/g' -e 's/$/%0A/' | tr -d '\n' | sed -e 's/%0A$//'
}

posted() {
  if command -v curl > /dev/null; then
    curl --silent --show-error --fail --noproxy '*' --max-time 10 --output /dev/null --data "$1" "$url"
  else
    # Its own -T ends in a segmentation fault in Debian's static busybox 1.35.
    env -u http_proxy timeout 10 wget -q -O /dev/null --post-data "$1" "$url"
  fi
}

# The unit outlives a switch to a system without this module, which is what there is to tell of.
watched() {
  told=$(readlink -f "${NIXIE_SYSTEM:-/run/booted-system}")
  while [ "${NIXIE_LOOK_SECONDS:-30}" != 0 ] && sleep "${NIXIE_LOOK_SECONDS:-30}"; do
    runs=$(readlink -f "${NIXIE_CURRENT:-/run/current-system}")
    if [ -n "$runs" ] && [ "$runs" != "$told" ] && posted "current=$(encoded "$runs")"; then
      told=$runs
    fi
  done
  exit 0
}

if [ -e "${NIXIE_RUN:-/run/nixie}/told" ]; then
  echo "told already"
  watched
fi

# How a unit stands, in one word; also what nobody knows has one.
state_of() {
  word=$(systemctl is-active "$1" 2> /dev/null) || true
  printf %s "${word:-unknown}"
}

coming() {
  for unit in $NIXIE_HEALTH; do
    case $(state_of "$unit") in active | failed) ;; *) return 0 ;; esac
  done
  return 1
}

seconds_up() {
  sed -e 's/[.].*//' /proc/uptime
}

until=$(($(seconds_up) + ${NIXIE_HEALTH_SECONDS:-90}))

# Wait until starting has come to an end, well or not, but not for a unit that hangs.
timeout 60 systemctl is-system-running --wait > /dev/null || true
failed=$(systemctl list-units --failed --plain --no-legend | sed -e 's/ .*//' | tr '\n' ',' | sed -e 's/,$//')

health=
log=
if [ -n "${NIXIE_HEALTH:-}" ]; then
  while coming && [ "$(seconds_up)" -lt "$until" ]; do sleep 1; done
  # What starts and falls at once is active for a moment.
  sleep "${NIXIE_SETTLE:-2}"
  for unit in $NIXIE_HEALTH; do
    state=$(state_of "$unit")
    health="$health${health:+,}$unit=$state"
    if [ "$state" != active ]; then
      lines=$(journalctl --unit "$unit" --lines 12 --output cat --no-pager 2> /dev/null | cut -c 1-200 | tail -c 1500) || true
      log="$log$unit:
$lines
"
    fi
  done
fi

tries=0
while [ "$tries" -lt 40 ]; do
  body="toplevel=$(encoded "$(readlink -f "${NIXIE_SYSTEM:-/run/booted-system}")")"
  body="$body&kernel=$(encoded "$(uname -r)")"
  body="$body&uptime=$(sed -e 's/ .*//' /proc/uptime)"
  body="$body&failed=$(encoded "$failed")"
  body="$body&health=$(encoded "$health")&log=$(encoded "$log" | head -c 9000)"
  body="$body&hostname=$(encoded "$(cat /proc/sys/kernel/hostname)")"
  if [ -s "${NIXIE_RUN:-/run/nixie}/identity" ]; then
    body="$body&identity=$(encoded "$(cat "${NIXIE_RUN:-/run/nixie}/identity")")"
    body="$body&ssh=$(encoded "$(cut -d ' ' -f 1,2 "$NIXIE_SSH_KEY")")"
  fi
  if posted "$body"; then
    : > "${NIXIE_RUN:-/run/nixie}/told"
    echo "the router knows that this system is up"
    watched
  fi
  tries=$((tries + 1))
  sleep $((tries < 10 ? tries : 10))
done
echo "the router did not answer at $url"
exit 1
