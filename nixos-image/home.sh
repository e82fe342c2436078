# Sourced by both set-ups: what lies below NIXIE_HOME whatever the system is.
#
# They have set `checkout` and `home`.

say() { printf 'set-up: %s\n' "$*"; }

# quietly NAME COMMAND…: one command; its words go into a file, and are shown when it fails.
quietly() {
    local name=$1 words=$home/.done/$1.log
    shift
    "$@" > "$words" 2>&1 && return
    tail -n 20 "$words"
    say "$name failed. Its last words are above, all of them in $words"
    return 1
}

# once FOLDER FILE INPUT… -- COMMAND…: run it, unless FOLDER/FILE was made from these very inputs.
# The stamp lies in the folder: whoever removes the one removes the other.
once() {
    local folder=$1 file=$2 inputs=() stamp sum
    shift 2
    while [ "$1" != -- ]; do inputs+=("$1"); shift; done
    shift
    stamp=$folder/.set-up-$(basename "${inputs[0]}")
    sum=$(cat "${inputs[@]}" | sha256sum)
    if [ -e "$folder/$file" ] && [ "$(cat "$stamp" 2> /dev/null)" = "$sum" ]; then return; fi
    "$@"
    printf '%s' "$sum" > "$stamp"
}

browser_files() {
    local work
    say "installing htmx and its event-stream extension, by hash"
    work=$(mktemp -d "$home/browser.XXXXXX")
    cp "$checkout"/package{,-lock}.json "$checkout/.npmrc" "$work"
    quietly npm npm --prefix "$work" --cache "$work/cache" ci --no-progress --ignore-scripts
    rm -rf "$home/browser"
    mkdir "$home/browser"
    cp "$work/node_modules/htmx.org/dist/htmx.min.js" "$work/node_modules/htmx-ext-sse/sse.js" "$home/browser/"
    rm -rf "$work"
    chmod -R a+rX "$home/browser"
}

# The roles run from a copy that each role's user can read, never from somebody's checkout.
program() {
    local work room
    work=$(mktemp -d "$home/program.XXXXXX")
    for room in appliance services webui hardware; do
        (cd "$checkout" && find "$room" -type d -name __pycache__ -prune -o -type f -print0 |
            xargs -0 cp --parents -t "$work")
    done
    chmod -R a+rX "$work"
    "$home/venv/bin/python" -m compileall -q "$work"
    rm -rf "$home/program.old"
    if [ -d "$home/program" ]; then mv "$home/program" "$home/program.old"; fi
    mv "$work" "$home/program"
    rm -rf "$home/program.old"
    PYTHONPATH="$home/program" "$home/venv/bin/python" -P "$checkout/nixos-image/sheets.py"
    chmod -R a+rX "$home/program/webui/__pycache__"
    "$home/nixie" prove
    say "installed the program in $home/program; each role's user can read it"
}

# launcher [COMMAND…]: the command line of the installed program, started by COMMAND.
launcher() {
    cat > "$home/nixie" << EOF
#!/bin/sh
# The command line of the installed program.
export NIXIE_HOME="$home" PYTHONPATH="$home/program"
exec $* "$home/venv/bin/python" -P -m appliance "\$@"
EOF
    chmod 755 "$home/nixie"
}

# sample KERNEL [PROGRAMS [TPM]]: the sample flake from an unpacked kernel and programs.
sample() {
    say "putting the sample flake together: a kernel of the distribution and busybox"
    PYTHONPATH=$home/program "$home/venv/bin/python" -m services.lab.sample.assemble "$home/sample" "$@" > /dev/null
    chmod -R a+rX "$home/sample"
}

# installed KERNEL [PROGRAMS [TPM]]: everything of ours, from the checkout.
installed() {
    local sums=$home/.done/program
    (cd "$checkout" && find appliance services webui hardware -type f -not -path '*/__pycache__/*' -print0 |
        sort -z | xargs -0 sha256sum) > "$sums"
    once "$home/program" appliance/__main__.py "$sums" -- program
    { grep -E ' services/(lab/sample|nix/adapter)/' "$sums" && ls "$1/boot" && printf '%s\n' "$@"; } > "$home/.done/sample"
    once "$home/sample/.git" HEAD "$home/.done/sample" -- sample "$@"
}
