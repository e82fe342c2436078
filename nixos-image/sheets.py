"""Compile the admin's templates where the program lies; Jinja takes those that fit their source.

Compiled by the admin itself, page after page, they would cost it 2 MB and a third of a second.
"""

from jinja2 import FileSystemBytecodeCache

from webui.pages.page import PREPARED, SHEETS

PREPARED.mkdir(exist_ok=True)
SHEETS.bytecode_cache = FileSystemBytecodeCache(str(PREPARED))
for name in SHEETS.list_templates():
    SHEETS.get_template(name)
