# system.build.toplevel and specialisations.  After nixpkgs' nixos/modules/system/activation/top-level.nix (01502f439c6a),
# specialisation.nix (05e1dd327a87) and boot/stage-2.nix.
{ config, extendModules, lib, noUserModules, pkgs, utils, ... }:
let
  inherit (lib) mkOption types;
  late = builtins.filter (fs: !(utils.fsNeededForBoot fs)) config.system.build.fileSystems;
  wrong = map (a: a.message) (builtins.filter (a: !a.assertion) config.assertions);

  path = pkgs.runCommand "system-path" { } ''
    mkdir -p "$out/bin"
    for package in ${toString config.environment.systemPackages}; do
      for program in "$package"/bin/*; do ln -sf "$program" "$out/bin/"; done
    done
  '';
  etc = pkgs.runCommand "etc" { } (
    ''mkdir -p "$out/etc"''
    + lib.concatMapStrings (file: ''

      mkdir -p "$out/etc/$(dirname ${file.target})"
      ln -s ${file.source} "$out/etc/${file.target}"'') (builtins.filter (file: file.enable) (builtins.attrValues config.environment.etc))
  );

  settings = ''
    host=${lib.escapeShellArg config.networking.hostName}
    modules="${toString config.boot.kernelModules}"
    swaps="${toString (map (swap: swap.realDevice) config.swapDevices)}"
  '';
  # The mounts of the second stage: device, mount point, type, options.
  mounts = lib.concatMapStrings (
    fs: "${toString fs.device} ${fs.mountPoint} ${fs.fsType} ${builtins.concatStringsSep "," fs.options}\n"
  ) late;

  toplevel = pkgs.runCommand "nixos-system-${config.system.name}-${config.system.nixos.label}"
    {
      inherit settings mounts;
      script = builtins.readFile ./stage-2.sh;
      post = config.boot.postBootCommands;
      params = toString config.boot.kernelParams;
      passAsFile = [ "settings" "mounts" "script" "post" ];
    }
    ''
      mkdir "$out"
      { echo "#!${pkgs.runtimeShell}"; echo "system=$out"; cat "$settingsPath" "$scriptPath"; } > "$out/init"
      chmod 555 "$out/init"
      cat "$mountsPath" > "$out/mounts"
      cat "$postPath" > "$out/post-boot"
      ln -s ${config.boot.kernelPackages.kernel}/${config.system.boot.loader.kernelFile} "$out/kernel"
      ln -s ${config.boot.kernelPackages.kernel} "$out/kernel-modules"
      ln -s ${config.system.build.initialRamdisk}/${config.system.boot.loader.initrdFile} "$out/initrd"
      ln -s ${etc}/etc "$out/etc"
      ln -s ${path} "$out/sw"
      printf %s "$params" > "$out/kernel-params"
      printf %s ${config.system.nixos.label} > "$out/nixos-version"
      printf %s ${pkgs.stdenv.hostPlatform.system} > "$out/system"
      ${config.system.systemBuilderCommands}
    '';
in
{
  options = {
    system.build = mkOption { default = { }; type = types.lazyAttrsOf (types.uniq types.unspecified); };
    system.systemBuilderCommands = mkOption { type = types.lines; internal = true; default = ""; };

    specialisation = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule (
          local:
          let
            extend = if local.config.inheritParentConfig then extendModules else noUserModules.extendModules;
          in
          {
            options.inheritParentConfig = mkOption { type = types.bool; default = true; };
            options.configuration = mkOption {
              default = { };
              visible = "shallow";
              inherit (extend { modules = [ { key = "no-clone.nix"; specialisation = lib.mkOverride 0 { }; } ]; }) type;
            };
          }
        )
      );
    };
  };

  config = {
    system.build.toplevel =
      if wrong == [ ] then toplevel else throw "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (m: "- ${m}") wrong}";
    system.build.etc = etc;
    system.systemBuilderCommands = ''
      mkdir "$out/specialisation"
      ${lib.concatMapStrings (name: ''
        ln -s ${config.specialisation.${name}.configuration.system.build.toplevel} "$out/specialisation/${name}"
      '') (builtins.attrNames config.specialisation)}
    '';
  };
}
