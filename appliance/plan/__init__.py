"""From what is to what should be: each module one part of the router, pure, for four uses.

Every module offers `State` (what is, or should be; same shape), `Step`, `wanted(config)`,
`owned(present, scope)` (what of the present is ours to touch) and `steps(wanted, present)`, where
`()` is "nothing to do".  Preview, apply, read-back and undo are the same call.  `order.py` puts
them together, `words.py` says a step.
"""
