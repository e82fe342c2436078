"""A machine with real firmware boots files that its owner sent: a kernel of Debian's, a ramdisk."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from services.nix import cpio
from tests.live.standing import INSTALLED
from tests.live.waiting import until
from tests.vm.lab import Workshop, built, switched_on

pytestmark = pytest.mark.vm
MAC = "52:54:00:76:6e:01"
SAYS = "nixie-test: booted from files"
INIT = f"""#!/bin/sh
mount -t proc proc /proc
echo "{SAYS}, told $(cat /proc/cmdline)" > /dev/console
poweroff -f
"""
