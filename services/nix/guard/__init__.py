"""What is fetched and evaluated, and the disk that it may not fill."""
