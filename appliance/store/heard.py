"""boot.db, table `heard`: how often each image came up.  Written by boot only, read by build."""

import sqlite3


def came_up(connection: sqlite3.Connection) -> list[str]:
    """The images that a machine phoned home with."""
    rows = connection.execute("SELECT image FROM heard WHERE ups > 0").fetchall()
    return [str(image) for (image,) in rows]


def count_up(connection: sqlite3.Connection, image: str, at: float) -> None:
    """The image came up once more."""
    connection.execute(
        "INSERT INTO heard (image, ups, last_up) VALUES (?, 1, ?)"
        " ON CONFLICT (image) DO UPDATE SET ups = ups + 1, last_up = excluded.last_up",
        (image, at),
    )


def count_short(connection: sqlite3.Connection, image: str) -> None:
    """The image was sent and not heard of."""
    connection.execute(
        "INSERT INTO heard (image, shorts) VALUES (?, 1)"
        " ON CONFLICT (image) DO UPDATE SET shorts = shorts + 1",
        (image,),
    )
