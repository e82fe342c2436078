import subprocess
import sys

STARTED = """
import os, sys
from appliance.__main__ import main
os.umask(0o077)
sys.argv = ["nixie", "--help"]
try:
    main()
finally:
    print(oct(os.umask(0)))
"""


def test_whatever_the_umask_roles_may_read_what_the_supervisor_writes() -> None:
    words = [sys.executable, "-c", STARTED]
    told = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert told.stdout.splitlines()[-1] == "0o22", told.stderr
