# Tells this system's Nix of the binary cache that nixie.cache=URL=KEY on the command line names; the key is all after
# the first "=" of "/cache=", for it ends in one itself.  A cache that names no priority has 0, and lower ones are asked first.
mkdir -p "${NIXIE_RUN:-/run/nixie}"
for word in $(cat "${NIXIE_CMDLINE:-/proc/cmdline}"); do
  case "$word" in
    nixie.cache=*/cache=*:*)
      word=${word#nixie.cache=}
      printf 'extra-substituters = %s?priority=-1\nextra-trusted-public-keys = %s\n' "${word%%/cache=*}/cache" "${word#*/cache=}" \
        > "${NIXIE_RUN:-/run/nixie}/nix.conf"
      echo "Nix asks ${word%%/cache=*}/cache first"
      exit 0
      ;;
  esac
done
rm -f "${NIXIE_RUN:-/run/nixie}/nix.conf"
echo "no nixie.cache= on the command line"
