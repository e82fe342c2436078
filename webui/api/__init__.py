"""/api/v1: everything the pages can do, for programs; one router per noun.

Routes are thin: call an act or a read, return a value.  What is refused is answered as
`{"problems": [{"where": ["url"], "what": "a sentence"}]}`.
"""
