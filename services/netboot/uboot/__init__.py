"""U-Boot, as boards without UEFI firmware have it: PXELINUX's files by TFTP (G101).

U-Boot asks DHCP as `U-Boot.armv8`, then for `boot.scr.uimg` or for `pxelinux.cfg/01-<mac>`, by the
order of its own targets, and takes kernel, initial ramdisk and device tree by TFTP, too.  Law:
U-Boot's doc/README.pxe and boot/pxe_utils.c; what it really does was tried with 2023.01.
"""
