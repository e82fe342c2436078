"""Every act of the owner is one function here, called by pages and API alike.

Permission, audit and undo live here and nowhere else.  An act takes the desk it is done at and
the actor who does it, and raises `Refused` with its problems placed beside the fields.
"""
