"""What a build of each host would take here, kept up to date in build.db."""
