"""A form that is sent twice is carried out once: in front of the pages, behind the guard."""
