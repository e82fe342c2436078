# The sample's packages: a real kernel, busybox and squashfs-tools from the distribution, packed by plain derivations.
# `parts` is the folder that the assembling script fills; pure evaluation may not look anywhere else.
{ lib, parts, system }:
let
  bootstrap = builtins.path { path = parts + "/busybox"; name = "busybox-static"; };
  squashfs = builtins.path { path = parts + "/squashfs"; name = "squashfs-tools-static"; };
  linux = builtins.path { path = parts + "/kernel"; name = "linux-files"; };
  kernelVersion = lib.removeSuffix "\n" (builtins.readFile (parts + "/kernel/version"));

  # The builder's file must be called busybox: it picks its applet from its own name.
  runCommand =
    name: env: script:
    derivation (
      {
        inherit name system;
        builder = "${bootstrap}/busybox";
        args = [
          "sh"
          "-euc"
          ''
            mkdir .applets
            ${bootstrap}/busybox --install -s "$PWD/.applets"
            export PATH="$PWD/.applets"
            ${script}
          ''
        ];
      }
      // env
    );

  program = name: file: programs name { ${name} = file; } "";
  programs =
    name: files: more:
    runCommand name { } ''
      mkdir -p "$out/bin"
      ${lib.concatMapStrings (one: ''
        { echo "#!${pkgs.runtimeShell}"; cat ${files.${one}}; } > "$out/bin/${one}"
        chmod 555 "$out/bin/${one}"
      '') (builtins.attrNames files)}
      ${more}
      chmod 555 "$out"/bin/* || true
    '';

  # A program of the distribution, started by its own loader; nothing where set-up did not find it.
  foreign =
    name:
    let
      place = builtins.path { path = parts + "/${name}"; name = "${name}-files"; };
    in
    lib.optionalString (builtins.pathExists (parts + "/${name}/ld.so")) ''
      printf '#!%s\nexec %s --library-path %s %s "$@"\n' ${pkgs.runtimeShell} ${place}/ld.so ${place}/lib ${place}/${name} > "$out/bin/${name}"
    '';

  pkgs = {
    inherit lib runCommand pkgs system;
    stdenv.hostPlatform = {
      inherit system;
      isx86_64 = system == "x86_64-linux";
      linux-kernel.target = "bzImage";
      uname.processor = "x86_64";
    };

    callPackage = function: given:
      let
        f = if builtins.isFunction function then function else import function;
      in
      f (builtins.intersectAttrs (builtins.functionArgs f) pkgs // given);

    writeText = name: text: runCommand name { inherit text; passAsFile = [ "text" ]; } ''cat "$textPath" > "$out"'';
    writeScript = name: text: runCommand name { inherit text; passAsFile = [ "text" ]; } ''
      cat "$textPath" > "$out"
      chmod 555 "$out"
    '';
    writeTextDir = path: text: runCommand (baseNameOf path) { inherit text; passAsFile = [ "text" ]; } ''
      mkdir -p "$out/$(dirname ${path})"
      cat "$textPath" > "$out/${path}"
    '';
    linkFarm = name: entries: runCommand name { } ''
      mkdir "$out"
      ${lib.concatMapStrings (entry: ''
        mkdir -p "$out/$(dirname ${entry.name})"
        ln -s ${entry.path} "$out/${entry.name}"
      '') entries}
    '';
    runtimeShell = "${pkgs.busybox}/bin/sh";

    busybox = runCommand "busybox-1.35.0" { } ''
      mkdir -p "$out/bin"
      cp ${bootstrap}/busybox "$out/bin/busybox"
      chmod 555 "$out/bin/busybox"
      for applet in $("$out/bin/busybox" --list); do
        [ "$applet" = busybox ] || ln -s busybox "$out/bin/$applet"
      done
    '';

    # The systemd programs that scripts of other people call: two answer from what our second stage wrote down; systemd-creds is
    # the distribution's, where set-up found it.
    systemd = programs "systemd" { systemctl = ./systemctl.sh; journalctl = ./journalctl.sh; } (foreign "systemd-creds");
    openssl = programs "openssl" { } (foreign "openssl");
    kmod = program "modprobe" ./modprobe.sh;
    udhcpc-bound = program "udhcpc-bound" ./udhcpc-bound.sh;
    nix = runCommand "nix" { script = builtins.readFile ./nix.sh; passAsFile = [ "script" ]; } ''
      mkdir -p "$out/bin"
      { echo "#!${pkgs.runtimeShell}"; cat "$scriptPath"; } > "$out/bin/nix-store"
      chmod 555 "$out/bin/nix-store"
      ln -s nix-store "$out/bin/nix-env"
    '';

    linuxPackages.kernel =
      runCommand "linux-${kernelVersion}" { } ''
        mkdir -p "$out/lib/modules/${kernelVersion}"
        cp ${linux}/bzImage "$out/bzImage"
        cp -r ${linux}/modules/. "$out/lib/modules/${kernelVersion}"
      ''
      // {
        version = kernelVersion;
        modDirVersion = kernelVersion;
        kernelAtLeast = wanted: builtins.compareVersions kernelVersion wanted >= 0;
      };

    # mksquashfs is static, or came linked against the distribution's libraries: then its own loader starts it.
    squashfsTools =
      let
        loader = lib.optionalString (builtins.pathExists (parts + "/squashfs/ld.so")) "${squashfs}/ld.so --library-path ${squashfs}/lib ";
      in
      runCommand "squashfs-tools" { } ''
        mkdir -p "$out/bin"
        printf '#!%s\nexec %s "$@"\n' ${pkgs.runtimeShell} "${loader}${squashfs}/mksquashfs" > "$out/bin/mksquashfs"
        chmod 555 "$out/bin/mksquashfs"
      '';

    # store-paths: one path a line.  registration: what `nix-store --load-db` reads.
    closureInfo =
      { rootPaths }:
      runCommand "closure-info"
        {
          exportReferencesGraph = builtins.concatLists (
            builtins.genList (n: [ "closure-${toString n}" (builtins.elemAt rootPaths n) ]) (builtins.length rootPaths)
          );
        }
        ''
          mkdir "$out"
          cat closure-* > "$out/registration"
          grep -h '^${builtins.storeDir}/' closure-* | sort -u > "$out/store-paths"
        '';
  };
in
pkgs
