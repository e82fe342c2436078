"""Listening for browsers: uvicorn's HTTP behind a doorkeeper, with a time for everything.

RFC 9110 section 15.5.9 and RFC 6585 section 5 name the refusals (408, 431).
"""
