# PID 1 of the initial ramdisk: modules, the file systems of /etc/initrd-fstab below $target, then init= from there.
export PATH=/bin
. /etc/stage-1

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs -o mode=755 tmpfs /run

# Serial line and screen both hear everything.
say() {
  for terminal in /dev/ttyS0 /dev/tty0; do
    echo "<<< stage 1 ($kind): $* >>>" 2>/dev/null > $terminal || true
  done
}

give_up() {
  say "FAILED: $*"
  say "an error occurred in stage 1 of the boot process"
  sleep 2
  exit 1 # the kernel panics, and reboots when panic= says so
}

present() {
  case "$1" in
    /dev/*)
      for second in 1 2 3 4 5; do
        [ -e "$1" ] && return 0
        say "waiting for device $1 to appear"
        sleep 1
      done
      [ -e "$1" ]
      ;;
  esac
}

# A service: name, wanted or required, and what it needs: a path, another service, or "masked", which nobody gets.
unit() {
  name=$1 weight=$2 why=
  shift 2
  script=$(cat)
  for need in "$@"; do
    case "$need" in
      masked) why="it is masked" ;;
      /*) present "$need" || why="timed out waiting for $need" ;;
      *) case " $ran " in *" $need "*) ;; *) why="$need did not run" ;; esac ;;
    esac
    [ -z "$why" ] || break
  done
  if [ -z "$why" ] && sh -ec "$script"; then
    ran="$ran $name.service"
    say "unit $name: done"
  else
    say "unit $name: FAILED (${why:-its script})"
    [ "$weight" = wanted ] || give_up "unit $name is required"
  fi
}

say "started"
for module in $modules; do
  modprobe -q "$module" || true
done
# What udev does: drivers for the devices that are there, and for those behind them.
for round in 1 2; do
  for alias in $(cat /sys/bus/*/devices/*/modalias 2> /dev/null | sort -u); do
    modprobe -q "$alias" 2> /dev/null || true
  done
done

[ "$network" = no ] || say "network: asking for an address before the root file system"
for pair in $locked; do
  present "${pair#*=}" || give_up "${pair%%=*}: timed out waiting for the encrypted device ${pair#*=}"
done
[ -z "$resume" ] || present "$resume" || say "resume: no device $resume"
. /etc/stage-1-commands
[ "$kind" = scripted ] || . /etc/stage-1-units

cd /
while read -r device point type options; do
  present "$device" || give_up "timed out waiting for device $device, needed for $point"
  mkdir -p "$target$point"
  if [ "$type" = overlay ]; then
    # The scripted stage puts its prefix in front here; the systemd one has it in the option already.
    [ "$kind" = systemd ] || options=$(echo "$options" | sed -E "s#\b(lowerdir|upperdir|workdir)=#\1=$target#g")
    for directory in $(echo "$options" | tr , '\n' | sed -n -E 's/^(upperdir|workdir)=//p'); do
      mkdir -p "$directory"
    done
  fi
  # What the kernel asks for by itself where its modprobe lies at the usual place.
  case ",$kind,$options," in ,systemd,*,loop,*) modprobe -q loop ;; esac
  modprobe -q "$type" || true
  mount -t "$type" -o "$options" "$device" "$target$point" || give_up "mounting $device on $point failed"
  say "mounted $point ($type)"
done < /etc/initrd-fstab

. /etc/stage-1-mounted

for word in $(cat /proc/cmdline); do
  case "$word" in init=*) init=${word#init=} ;; esac
done
[ -n "$init" ] || give_up "there is no init= on the command line"
[ -e "$target$init" ] || [ -L "$target$init" ] || give_up "stage 2 init script ($target$init) not found"

say "switching to $init"
for directory in dev proc sys run; do
  mkdir -p "$target/$directory"
  mount --move "/$directory" "$target/$directory"
done
mkdir -p "$target/tmp" "$target/etc" "$target/var"
exec switch_root "$target" "$init"
