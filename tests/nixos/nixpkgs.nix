# Stands where Nixpkgs would: the names that our Nix files may use, each a derivation that is only named.
#
# The names are those of NixOS/nixpkgs (pkgs/by-name, python-modules, all-packages); one that is not in the
# lists below makes the evaluation fail.
let
  system = "x86_64-linux";
  named = name: more: derivation { inherit name system; builder = "/bin/sh"; } // more;
  set = names: builtins.listToAttrs (map (name: { inherit name; value = named name { version = "1.0"; }; }) names);

  programs = set [
    "bash" "busybox" "chrony" "coreutils" "cpio" "curl" "dhcpcd" "dnsmasq" "findutils" "gawk" "git" "gnugrep" "gnused" "gnutar" "gzip"
    "hwdata" "iproute2" "ipxe" "kmod" "nftables" "nix" "nodejs" "openssh" "openssl" "ppp" "procps" "qemu" "radvd" "squashfsTools" "util-linux"
    "xz" "zstd"
  ];
  python = set [
    "aiohttp" "alembic" "argon2-cffi" "cryptography" "dnslib" "fastapi" "httptools" "httpx" "jinja2" "nftables"
    "pyroute2" "python-multipart" "segno" "sqlmodel" "tftpy" "typer" "uvicorn"
  ];
  callPackage = function: given:
    let f = if builtins.isFunction function then function else import function;
    in f (builtins.intersectAttrs (builtins.functionArgs f) pkgs // given);
  pkgs = programs // {
    inherit callPackage;
    busybox = programs.busybox // { override = { enableStatic }: named "busybox-static" { }; };
    linux = named "linux" { modDirVersion = "6.12.1"; modules = named "linux-modules" { }; };
    python3.withPackages = choose: derivation {
      name = "python3-env"; inherit system; builder = "/bin/sh"; packages = choose python;
    };
    stdenv.cc.cc = named "gcc" { };
    runCommand = name: env: script: derivation ({ inherit name system script; builder = "/bin/sh"; } // env);
    buildEnv = { name, paths, pathsToLink }: derivation { inherit name system paths pathsToLink; builder = "/bin/sh"; };
    lib = {
      getBin = one: one;
      getLib = one: one;
      fileset = { unions = parts: parts; toSource = { root, fileset }: builtins.path { path = builtins.head fileset; name = "rooms"; }; };
    };
  };
in
{ legacyPackages.${system} = pkgs; }
