"""What a machine is to be given at this moment, however it asks."""
