"""The proof that set-up asks for: every user that runs our program can read it."""
