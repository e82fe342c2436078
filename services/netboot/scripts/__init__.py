"""The script of this boot: made, waited for, picked from a menu, reported on."""
