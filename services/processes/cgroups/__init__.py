"""Control groups: one job's memory and processes counted together (cgroups(7))."""
