"""What a role remembers in memory alone, asked at its socket (`run/<role>.sock`).

What is kept nowhere (who asked for which name, what the filter held back) is in no file either.
A question is one line of JSON, the answer another one.
"""
