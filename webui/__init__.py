"""The admin: pages for people and an API for programs, two thin faces of `appliance.actions`.

It reads every role's file and writes its own two (`nixie.db`, `access.db`).  It decides nothing:
an act is a function of `actions`, a page is a value with a template.
"""
