"""What the whole router takes in memory, one process per role, as the kernel shares it out.

PSS counts a page that n processes share as an nth for each, so the sum is what a machine without
the router would have more (proc(5), smaps_rollup).
"""
