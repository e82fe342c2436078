"""Boot tokens and phone-home secrets as they are given out, kept and asked for."""
