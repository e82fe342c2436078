# kmod's modprobe as far as it looks for modules elsewhere: busybox's own looks below /lib only.
words=
while [ $# -gt 0 ]; do
  case "$1" in
    -d) mkdir -p /lib; ln -sfn "$2/lib/modules" /lib/modules; shift ;;
    *) words="$words $1" ;;
  esac
  shift
done
exec busybox modprobe $words
