#!/bin/bash
# machine.sh FOLDER CHECKOUT VENV COMMAND…: run it on a machine that looks like NixOS, made of this one's files.
#
# /usr has nothing but bin/env and /bin nothing but sh; programs lie in the store.  `nix build` is a script: it
# links what flake.nix would have given.  FOLDER keeps /opt and /run from one call to the next.
set -euo pipefail
folder=$1 checkout=$2 venv=$3
shift 3
mkdir -p "$folder"/{root,opt,run,var,home/nix,home/loaders/1.0,home/parts,home/venv/bin}
if [ ! -L "$folder/home/usr" ]; then
    ln -s /nix/store/usr "$folder/home/usr"
    ln -s /nix/store/nix/usr "$folder/home/nix/usr"
    cp -r "$venv/../kernel/"{boot,lib} "$folder/home/parts"
    ln -s /nix/store/usr/bin "$folder/home/parts/bin"
    ln -s /nix/store/usr "$folder/home/parts/usr"
    cp "$(ldconfig -p | sed -n 's/.*libgcc_s.so.1 .*=> //p' | head -n 1)" "$folder/home/parts/lib/"
    cat > "$folder/home/venv/bin/python" << 'EOF'
#!/bin/sh
PYTHONPATH=$PYTHONPATH:$(echo /nix/store/venv/lib/python*/site-packages) exec /nix/store/usr/bin/python3 "$@"
EOF
    cat > "$folder/nix" << 'EOF'
#!/bin/sh
while [ "$1" != --out-link ]; do shift; done
ln -sfn /nix/store/home "$2"
echo "built $3"
EOF
    chmod 755 "$folder/nix" "$folder/home/venv/bin/python"
fi
mount -t tmpfs tmpfs "$folder/root"
cd "$folder/root"
mkdir -p bin usr/bin nix/store/{usr,home,venv,nix} nix/bin lib64 opt run var proc dev sys tmp etc "${checkout#/}"
chmod 1777 tmp
ln -s usr/lib nix/store/lib
ln -s nix/store/usr/lib lib
mount --bind /usr nix/store/usr
mount --bind "$folder/home" nix/store/home
mount --bind "$venv" nix/store/venv
mount --bind "$venv/../nix" nix/store/nix
mount --rbind /lib64 lib64
mount --bind /etc etc
for name in opt run var; do mount --bind "$folder/$name" $name; done
mount --make-shared run
mount -t proc proc proc
for name in dev sys; do mount --rbind /$name $name; done
mount --bind -o ro "$checkout" "${checkout#/}"
ln -s /nix/store/usr/bin/sh bin/sh
ln -s /nix/store/usr/bin/env usr/bin/env
cp "$folder/nix" nix/bin/nix
exec env -i HOME=/root NIXIE_HOME=/opt/nixie PATH=/nix/bin:/nix/store/usr/bin:/nix/store/usr/sbin \
    /usr/sbin/chroot . "$@"
