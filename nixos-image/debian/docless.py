"""Compile the packages that roles load without their docstrings, which weigh 3.5 MB in the admin.

Run by set-up with the Python whose packages they are.  Python takes these files as they are
(PEP 552, unchecked), so that a look at a source's date does not bring the docstrings back.
"""

import importlib.util
import py_compile
import sysconfig
from pathlib import Path

PACKAGES = (
    "aiohttp", "anyio", "click", "dnslib", "fastapi", "jinja2", "multidict", "opentelemetry",
    "pydantic", "pyroute2", "sqlalchemy", "sqlmodel", "starlette", "tftpy", "typer", "uvicorn",
    "yarl",
)  # fmt: skip
WITHOUT_DOCSTRINGS = 2

for package in PACKAGES:
    for source in sorted((Path(sysconfig.get_path("purelib")) / package).rglob("*.py")):
        py_compile.compile(
            str(source),
            cfile=importlib.util.cache_from_source(source, optimization=""),
            doraise=True,
            optimize=WITHOUT_DOCSTRINGS,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
