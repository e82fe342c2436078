"""Binary caches as the owner orders them: told to our daemon, tried, asked, watched.

Those that give to everybody are the daemon's substituters.  Those with a password are not: a job of
the broker's user `remote` fetches from them and hands the daemon what is signed, so that neither
the daemon nor a build ever has the password.
"""
