# What all hosts of the lab share: QEMU's devices, and every line on the serial port and on the screen.
# An emulated machine on a busy computer misses ticks, which Linux would take for a broken timer.
{
  nixpkgs.hostPlatform = "x86_64-linux";
  system.stateVersion = "26.05";
  boot.initrd.availableKernelModules = [ "virtio_net" "vmxnet3" ];
  boot.kernelParams = [ "console=tty0" "console=ttyS0,115200" "panic=1" "no_timer_check" ];
}
