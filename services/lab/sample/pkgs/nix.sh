# What a start asks of Nix: its database here is a list of paths, and a path that is not there is none of its.
known=/nix/var/nix/db/known
case "${0##*/} $1" in
  "nix-store --load-db")
    mkdir -p "${known%/*}"
    while read -r line; do
      case "$line" in
        /nix/store/*) if [ -e "$line" ]; then echo "$line"; else echo "$line is missing" >&2; exit 1; fi ;;
      esac
    done > $known
    ;;
  "nix-store --check-validity")
    grep -qxF "$2" $known
    ;;
  "nix-env -p")
    mkdir -p "${2%/*}"
    ln -sfn "$(readlink -f "$4")" "$2"
    ;;
  *)
    echo "${0##*/}: $1 is not known here" >&2
    exit 1
    ;;
esac
