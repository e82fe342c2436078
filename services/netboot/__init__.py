"""Network boot: who is asking, which loader and script it gets, what is served to it.

Law: RFC 4578 (option 93, 94, 97), the PXE 2.1 specification (option 43), the UEFI specification
(HTTP boot), iPXE's own option 175.  `firmware.py` and `recipe.py` are shared with DHCP.
"""
