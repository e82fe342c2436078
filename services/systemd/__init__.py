"""systemd: the small protocols between a service and whoever started it.

Sockets come as LISTEN_FDS (sd_listen_fds(3)), life signs go to NOTIFY_SOCKET (sd_notify(3)).
`nixie run` speaks the same two, so a role cannot tell it from systemd.
"""
