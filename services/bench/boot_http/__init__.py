"""Boot HTTP beside nginx: a part of three segments here, one file there, turn by turn."""
