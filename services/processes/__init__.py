"""Processes: who runs what, behind which walls, and who may ask for it.

`privileges` composes util-linux tools (setpriv, unshare, prlimit) into an argv and starts nothing;
`driver` starts it, streams its output and ends it.  `broker` is the table of what a role may ask
the supervisor to run, `serve` its socket, `client` the asking side.  `ports` and `probe` name the
process that already holds a port.  Law: credentials(7), capabilities(7), namespaces(7).
"""
