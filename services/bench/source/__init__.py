"""From an added source to its images being served, against a shell script of the same nix calls."""
