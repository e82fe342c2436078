"""The notice role: tells the owner by mail, webhook or ntfy what happened.

It follows everybody's journals, keeps what is to be sent in notice.db, and has the secrets of the
channels and the way out to their servers; no privilege.  Mail: RFC 5321, 3207, 8314; signatures of
webhooks: RFC 2104 over the body.
"""
