"""Build logs: STATE/logs/builds, written by build, read in ranges by web."""
