"""What the owner decided about generations: wishes heard, done and answered."""
