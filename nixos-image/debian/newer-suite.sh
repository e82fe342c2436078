# Sourced by the other scripts: packages of a newer suite, downloaded without touching the system.
#
# Own package lists, no installation, no service.  The mirror is the one that this machine's own
# sources name; only the suite differs.

# newer_suite_open WORK SUITE: read that suite's package lists into WORK; sets `newer_options`.
newer_suite_open() {
    local work=$1 suite=$2 mirror
    mkdir -p "$work"/{lists/partial,archives/partial,parts,preferences,packages}
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
    [ -n "$mirror" ] || { echo "No package source is configured on this machine: run apt-get update first." >&2; return 1; }
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$work/sources.list"
    newer_options=(
        -o "Dir::Etc::sourcelist=$work/sources.list" -o "Dir::Etc::sourceparts=$work/parts"
        -o "Dir::Etc::preferencesparts=$work/preferences" -o "Dir::State::Lists=$work/lists"
        -o "Dir::Cache::archives=$work/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
        -o Dir::State::status=/dev/null -o APT::Sandbox::User=root
    )
    apt-get "${newer_options[@]}" -qq update
}

# newer_suite_download WORK PACKAGE…: put their .deb files into WORK/packages.
newer_suite_download() {
    local work=$1
    shift
    (cd "$work/packages" && apt-get "${newer_options[@]}" -qq download "$@")
}
