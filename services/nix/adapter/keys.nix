# Who the machine is, in place before the system is activated: a unit of the first stage that runs `keys.sh` in the mounted
# system, where every program and driver is already.  So the first stage grows by nothing, and needs nothing but chroot.
{ config, lib, options, pkgs, ... }:
let
  # Where this host's SSH server looks, and with it sops-nix and agenix.
  hostKeys = lib.attrByPath [ "services" "openssh" "hostKeys" ] [ ] config;
  ours = builtins.filter (key: (key.type or "") == "ed25519") hostKeys;
  place = if ours == [ ] then "/etc/ssh/ssh_host_ed25519_key" else (builtins.head ours).path;

  keys = pkgs.writeScript "nixie-keys" ''
    #!${pkgs.busybox}/bin/sh
    export PATH=${lib.makeBinPath [ pkgs.busybox pkgs.openssl (config.systemd.package or pkgs.systemd) ]}
    NIXIE_SHELL=${pkgs.busybox}/bin/sh
    NIXIE_MODPROBE=${pkgs.kmod}/bin/modprobe
    NIXIE_SSH_KEY=${lib.escapeShellArg place}
    ${builtins.readFile ./keys.sh}'';

  # In the image by its second stage, and named in the first: the ramdisk shall not have all of it too.
  inStore = builtins.unsafeDiscardStringContext "${keys}";
  run = root: ''
    chroot ${root} ${inStore} || echo "Nixie: this machine starts without its identity"
    if [ -e ${root}/.nixie-identity ]; then
      mkdir -p /run/nixie
      cat ${root}/.nixie-identity > /run/nixie/identity
      rm -f ${root}/.nixie-identity
    fi
  '';

  declared = path: lib.hasAttrByPath path options;
  systemdFirst = declared [ "boot" "initrd" "systemd" "enable" ] && config.boot.initrd.systemd.enable;
  initrd = lib.attrByPath [ "boot" "initrd" "enable" ] true config;
  # For the scripted first stage; the adapter has it in the place of what a disk host says there.
  scripted = if initrd && !systemdFirst then run "/mnt-root" else "";
in
{
  _file = "nixie/keys.nix";
  key = "nixie/keys.nix";

  config = lib.mkMerge [
    {
      systemd.services.nixie-phone-home.environment = { NIXIE_SSH_KEY = "${place}.pub"; NIXIE_KEYS = "${keys}"; };
    }
    (lib.mkIf (initrd && systemdFirst) {
      boot.initrd.systemd.services.nixie-keys = {
        description = "Put this machine's identity into place";
        wantedBy = [ "initrd.target" ];
        after = [ "initrd-fs.target" ];
        before = [ "initrd.target" "initrd-nixos-activation.service" "initrd-switch-root.target" "shutdown.target" ];
        conflicts = [ "shutdown.target" ];
        unitConfig.DefaultDependencies = false;
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
          StandardOutput = "journal+console";
          StandardError = "journal+console";
        };
        script = ''
          if command -v udevadm > /dev/null; then udevadm settle --timeout=10 || true; fi
          ${run "/sysroot"}'';
      };
    })
    { system.build.nixieKeys = scripted; }
    (lib.mkIf (scripted != "") { boot.initrd.postMountCommands = scripted; })
  ];
}
