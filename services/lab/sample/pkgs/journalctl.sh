# Says what a oneshot wrote, as `journalctl --unit NAME --lines N …` would: the second stage keeps it in a file.
[ "$1" = --unit ] && [ "$3" = --lines ] || { echo "journalctl: only --unit NAME --lines N is known here" >&2; exit 1; }
tail -n "$4" "/run/units/${2%.service}.log"
